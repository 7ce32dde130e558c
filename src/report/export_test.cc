// The exports of small and huge studies that are made in memory. ISOJOULE_UPDATE_GOLDEN=1 writes
// the golden files anew; look at the difference then.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/wall_time.h"
#include "report/batch_energies.h"
#include "report/export_fixture.h"
#include "report/export_parts.h"
#include "report/exposition.h"
#include "report/exposition_check.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExports[] = {"jsonl", "perfetto", "prometheus", "trace-csv",
                                    "trace-csv-wide"};

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    std::size_t at = 0;
    for (std::size_t comma; (comma = line.find(',', at)) != std::string::npos; at = comma + 1)
      row.push_back(line.substr(at, comma - at));
    row.push_back(line.substr(at));
  }
  return rows;
}

// ---- golden -----------------------------------------------------------------------------------

void expect_golden(const char* format, const char* name) {
  auto study = small_study();
  const auto text = exported(study, format);
  ASSERT_TRUE(text) << to_string(text.error());
  const fs::path path = fs::path(ISOJOULE_SOURCE_DIR) / "src/report/golden" / name;
  if (std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << *text;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(*text, golden.str());
}

TEST(Export, TraceCsvGolden) { expect_golden("trace-csv", "small.trace.csv"); }
TEST(Export, TraceCsvWideGolden) { expect_golden("trace-csv-wide", "small.wide.csv"); }
TEST(Export, JsonLinesGolden) { expect_golden("jsonl", "small.jsonl"); }
TEST(Export, PrometheusGolden) { expect_golden("prometheus", "small.prom"); }

// ---- round trips ------------------------------------------------------------------------------

Channel* channel_of(Trace& trace, const std::string& rail) {
  for (Channel& channel : trace.channels)
    if (channel.info.rail == rail) return &channel;
  return nullptr;
}

// Puts the columns of the rows back into a trace that has the channels without readings.
void read_back(const std::string& csv, const std::string& run, Trace& trace) {
  const auto rows = rows_of(csv);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i][0] != run) continue;
    Channel* channel = channel_of(trace, rows[i][2]);
    ASSERT_NE(channel, nullptr) << rows[i][2];
    channel->time_ns.push_back(std::stoll(rows[i][1]));
    const auto whole = [&](std::size_t column, double step) {
      return static_cast<std::int32_t>(std::lround(std::stod(rows[i][column]) / step));
    };
    switch (channel->info.kind) {
      case ChannelKind::voltage_current:
        channel->a.push_back(whole(4, channel->info.step_a));
        channel->b.push_back(whole(5, channel->info.step_b));
        EXPECT_DOUBLE_EQ(std::stod(rows[i][3]), std::stod(rows[i][4]) * std::stod(rows[i][5]));
        break;
      case ChannelKind::power: channel->a.push_back(whole(3, channel->info.step_a)); break;
      case ChannelKind::energy_counter: channel->a.push_back(whole(6, channel->info.step_a)); break;
    }
  }
}

Trace without_readings(Trace trace) {
  for (Channel& channel : trace.channels) channel.time_ns = {}, channel.a = {}, channel.b = {};
  return trace;
}

TEST(Export, TheLongCsvReadBackIsTheTrace) {
  auto study = small_study();
  Trace trace = without_readings(small_trace());
  read_back(exported(study, "trace-csv").value(), "3", trace);
  EXPECT_EQ(trace, small_trace());
}

TEST(Export, AnyTraceComesBack) {
  rc::check([] {
    Trace trace;
    trace.period = Duration::milliseconds(10);
    for (int i = 0; i < 3; ++i) {
      const auto kind = static_cast<ChannelKind>(i);
      auto channel = power_channel("R" + std::to_string(i), kind,
                                   *rc::gen::element(1e-3, 1e-6, 1.0 / 65536, 0.0375), {}, {});
      channel.info.step_b = *rc::gen::element(1e-3, 4e-5);
      std::int64_t time = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 60);
      const int count = *rc::gen::inRange(0, 20);
      for (int row = 0; row < count; ++row) {
        time += *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
        channel.time_ns.push_back(time);
        channel.a.push_back(*rc::gen::inRange(-1'000'000, 1'000'000));
        if (i == 0) channel.b.push_back(*rc::gen::inRange(-1'000'000, 1'000'000));
      }
      trace.channels.push_back(std::move(channel));
    }
    MadeStudy study(1, empty_run, [&](std::int64_t) { return trace; });
    Trace again = without_readings(trace);
    read_back(exported(study, "trace-csv").value(), "1", again);
    RC_ASSERT(again == trace);
  });
}

TEST(Export, TheWideCsvHasARowATickAndHoles) {
  auto study = small_study();
  const auto rows = rows_of(exported(study, "trace-csv-wide", 1).value());
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"run", "time_ns", "phase", "VDD_IN_power_w",
                                               "VDD_GPU_power_w", "package-0_energy_j",
                                               "gpu_frequency_hz", "temperature_gpu_c"}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"1", "9007199254740993", "idle", "2.592384", "1.234",
                                               "0", "921600000", "31.5"}));
  EXPECT_EQ(rows[2][4], "");  // the rail that gave nothing at this tick
  EXPECT_EQ(rows[2][5], "0.25");
  EXPECT_EQ(rows[3][2], "inference");
  EXPECT_EQ(rows[3][4], "-0.005");
}

TEST(Export, EveryLineOfJsonLinesIsAnObjectOfItsOwn) {
  auto study = small_study();
  std::istringstream lines(exported(study, "jsonl").value());
  std::map<std::string, int> types;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    ++types[object.at("type")];
    if (object.at("type") == "reading") {
      EXPECT_TRUE(object.at("time_ns").is_number_integer());
      EXPECT_GE(object.at("time_ns").get<std::int64_t>(), kStart);
    }
  }
  EXPECT_EQ(types["study"], 1);
  EXPECT_EQ(types["run"], 3);
  EXPECT_EQ(types["phase"], 4);
  EXPECT_EQ(types["window"], 6);
  EXPECT_EQ(types["reading"], 2 * 11);
  EXPECT_EQ(types["watch"], 2 * 5);
  EXPECT_EQ(types["counter"], 3);
}

TEST(Export, ACalibrationIsInThePowerAndNotInVoltageAndCurrent) {
  MadeStudy study(1, empty_run, [](std::int64_t) {
    Trace trace = small_trace();
    trace.channels.resize(1);
    trace.channels[0].info.calibration.emplace();
    trace.channels[0].info.calibration->gain = 2;
    trace.channels[0].info.calibration->offset = Watt(0.5);
    return trace;
  });
  const auto rows = rows_of(exported(study, "trace-csv").value());
  EXPECT_NEAR(std::stod(rows[1][3]), 2 * 2.592384 + 0.5, 1e-12);
  EXPECT_EQ(rows[1][4], "5.024");
  EXPECT_EQ(rows[1][5], "0.516");
}

TEST(Export, ACounterThatRunsRoundGoesOnAndAResetIsNoPower) {
  Channel channel = power_channel("package-0", ChannelKind::energy_counter, 1e-6,
                                  {0, 1000 * kMs, 2000 * kMs, 3000 * kMs},
                                  {2'147'000'000, -2'147'000'000, -2'100'000'000, -2'110'000'000});
  const ReadingValues values(channel);
  EXPECT_DOUBLE_EQ(*values.energy_j(0), 2147);
  EXPECT_NEAR(*values.energy_j(1), 2147 + 0.967296, 1e-9);  // 2^32 - 2 x 2147000000 steps
  EXPECT_NEAR(*values.energy_j(2), 2147 + 47.967296, 1e-9);
  EXPECT_FALSE(values.mean_power_w(0));
  EXPECT_NEAR(*values.mean_power_w(1), 0.967296, 1e-9);
  EXPECT_NEAR(*values.mean_power_w(2), 47, 1e-9);
  EXPECT_FALSE(values.mean_power_w(3));
}

// Two sensors read one rail.
Trace twice_read_trace() {
  Trace trace = small_trace();
  trace.channels = {power_channel("A", ChannelKind::power, 1e-3, {0, 100 * kMs}, {1, 2}),
                    power_channel("A", ChannelKind::power, 1e-3, {1, 100 * kMs + 1}, {3, 4}),
                    power_channel("A_2", ChannelKind::power, 1e-3, {2, 100 * kMs + 2}, {5, 6})};
  trace.watches.clear();
  return trace;
}

TEST(Export, ARailThatTwoSensorsReadHasTwoNames) {
  const auto make_run = [](std::int64_t id) {
    isojoule::Run run = small_run(id);
    run.energies = {{PhaseKind::inference, "A", Second(1), {Joule(1), {}, ""}, {}, {}},
                    {PhaseKind::inference, "A", Second(1), {Joule(2), {}, ""}, {}, {}},
                    {PhaseKind::inference, "total", Second(1), {Joule(1), {}, ""}, {}, {}}};
    run.window_energies = {{0, "A", {Joule(1), {}, ""}, {}, {}},
                           {0, "A", {Joule(2), {}, ""}, {}, {}},
                           {99, "A", {Joule(2), {}, ""}, {}, {}}};  // of no window
    return run;
  };
  MadeStudy study(1, make_run, [](std::int64_t) { return twice_read_trace(); });
  const auto rows = rows_of(exported(study, "trace-csv").value());
  EXPECT_EQ(rows[1][2], "A");
  EXPECT_EQ(rows[2][2], "A_2");
  EXPECT_EQ(rows[3][2], "A_2_2");
  const auto wide = rows_of(exported(study, "trace-csv-wide").value());
  EXPECT_EQ(wide[0], (std::vector<std::string>{"run", "time_ns", "phase", "A_power_w",
                                               "A_2_power_w", "A_2_2_power_w"}));
  EXPECT_EQ(wide[1], (std::vector<std::string>{"1", "0", "", "0.001", "0.003", "0.005"}));
  const ExpositionReader metrics(exported(study, "prometheus").value());
  EXPECT_EQ(metrics.faults(), std::vector<std::string>{});
  EXPECT_EQ(metrics.find("isojoule_energy_joules_total", {{"rail", "A_2"}})->value, 2);
  EXPECT_EQ(metrics.find("isojoule_window_energy_joules_total", {{"rail", "A"}})->value, 1);
}

// ---- batches ----------------------------------------------------------------------------------

TEST(BatchEnergies, AreTheTotalsAndOverlappingOnesShareNothing) {
  isojoule::Run run = empty_run(1);
  run.batches = {{{1000 * kMs}, {2000 * kMs}},
                 {{1500 * kMs}, {3000 * kMs}},   // beside the first
                 {{3000 * kMs}, {3010 * kMs}},   // too short to see
                 {{9000 * kMs}, {12000 * kMs}},  // beyond the readings
                 {{4000 * kMs}, {4000 * kMs}}};
  std::vector<std::int64_t> times;
  std::vector<std::int32_t> milliwatts;
  for (std::int64_t i = 0; i <= 100; ++i) {
    times.push_back(i * 100 * kMs);
    milliwatts.push_back(static_cast<std::int32_t>(i * 100));  // W = s
  }
  Trace trace;
  trace.period = Duration::milliseconds(100);
  trace.total = "A + B";
  trace.channels = {power_channel("A", ChannelKind::power, 1e-3, times, milliwatts),
                    power_channel("B", ChannelKind::power, 1e-3, times, milliwatts)};
  const auto energies = batch_energies(run, trace);
  ASSERT_EQ(energies.size(), 5U);
  EXPECT_NEAR(energies[0].value.value().value(), 3, 1e-9);     // 2 x (2^2 - 1^2) / 2
  EXPECT_NEAR(energies[1].value.value().value(), 6.75, 1e-9);  // 2 x (3^2 - 1.5^2) / 2
  EXPECT_NE(energies[2].why_absent.find("resolves no less than 200 ms"), std::string::npos);
  for (const std::size_t i : {2U, 3U, 4U}) {
    EXPECT_FALSE(energies[i].value) << i;
    EXPECT_NE(energies[i].why_absent, "") << i;
  }
  trace.channels.pop_back();
  for (const auto& energy : batch_energies(run, trace)) EXPECT_FALSE(energy.value);
  for (const auto& energy : batch_energies(run, {})) EXPECT_FALSE(energy.value);
}

// ---- Prometheus -------------------------------------------------------------------------------

TEST(Export, MetricsFollowTheFormatAndAbsentOnesAreAbsent) {
  auto study = small_study();
  const std::string text = exported(study, "prometheus").value();
  const ExpositionReader reader(text);
  EXPECT_EQ(reader.faults(), std::vector<std::string>{}) << text;
  const auto* energy = reader.find("isojoule_energy_joules_total",
                                   {{"run", "1"}, {"phase", "inference"}, {"rail", "total"}});
  ASSERT_NE(energy, nullptr);
  EXPECT_EQ(energy->value, 1.25);
  EXPECT_EQ(energy->labels.at("board"), "jetson-nano");
  EXPECT_EQ(energy->labels.at("study"), "made");  // two studies in one collector are told apart
  EXPECT_EQ(energy->labels.at("simulated"), "true");
  EXPECT_EQ(reader.find("isojoule_energy_joules_total", {{"phase", "idle"}, {"run", "1"}}),
            nullptr);
  EXPECT_EQ(reader.find("isojoule_inference_seconds", {{"run", "1"}})->value, 0.0125);
  EXPECT_EQ(reader.find("isojoule_data_faults_total", {{"run", "1"}})->value, 2);
  EXPECT_EQ(reader.find("isojoule_window_energy_joules_total", {{"run", "1"}})->value, 1);
  EXPECT_EQ(reader.find("isojoule_batch_seconds_count", {{"run", "3"}})->value, 2);
  // What stands in the name comes back as it was, the byte that is no UTF-8 aside.
  EXPECT_EQ(reader.find("isojoule_run_info", {{"run", "3"}})->labels.at("network"),
            "a\"b\\c\nd, \xEF\xBF\xBD");
}

TEST(Exposition, TheStrictReaderFindsFaults) {
  for (const char* broken :
       {"a 1", "a 1\n", "# TYPE a gauge\na{x=\"1} 1\n", "# TYPE a gauge\na NaN\n",
        "# TYPE a gauge\na 1\na 1\n", "# TYPE a gauge\na{x=\"\\t\"} 1\n", "# TYPE a gage\na 1\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 2\n", "# TYPE a gauge\na 1,5\n"})
    EXPECT_FALSE(ExpositionReader(broken).faults().empty()) << broken;
}

TEST(Exposition, HelpIsEscapedAndWhatIsNotFiniteIsLeftOut) {
  Exposition out;
  auto& metric = out.metric("x_total", Exposition::Type::counter, "a \\ and\na \"line\"");
  metric.add({}, std::nan(""));
  EXPECT_EQ(out.text(), "");
  out.metric("x_total", Exposition::Type::counter, "").add({}, 1e15);
  EXPECT_EQ(out.text(),
            "# HELP x_total a \\\\ and\\na \"line\"\n# TYPE x_total counter\nx_total "
            "1000000000000000\n");
}

// ---- streams ----------------------------------------------------------------------------------

// Counts bytes and keeps none; knows how much of what was read could still be unwritten.
class CountingSink final : public Sink {
 public:
  explicit CountingSink(const MadeStudy& study) : study_(study) {}
  std::size_t bytes = 0, largest = 0;
  std::vector<std::size_t> bytes_by_trace;  // written when so many traces had been read

 private:
  Status do_write(std::string_view text) override {
    bytes += text.size();
    largest = std::max(largest, text.size());
    const auto traces = static_cast<std::size_t>(study_.traces_read);
    if (bytes_by_trace.size() <= traces) bytes_by_trace.resize(traces + 1);
    bytes_by_trace[traces] = bytes;
    return {};
  }
  const MadeStudy& study_;
};

TEST(Export, AHugeStudyStreams) {
  constexpr std::int64_t kRuns = 20;
  constexpr std::int64_t kReadings = 4000;
  const auto trace = [](std::int64_t id) {
    Trace made;
    made.period = Duration::milliseconds(1);
    std::vector<std::int64_t> times;
    for (std::int64_t i = 0; i < kReadings; ++i) times.push_back(id * 10'000 * kMs + i * kMs);
    made.channels = {power_channel("VDD_IN", ChannelKind::power, 1e-3, times,
                                   std::vector<std::int32_t>(kReadings, 5000))};
    return std::optional(std::move(made));
  };
  for (const char* format : {"jsonl", "perfetto", "trace-csv", "trace-csv-wide"}) {
    MadeStudy study(kRuns, empty_run, trace);
    CountingSink sink(study);
    ASSERT_TRUE(write_report(*find_report(format).value(), study, {}, sink)) << format;
    EXPECT_GT(sink.bytes, static_cast<std::size_t>(kRuns * kReadings * 15)) << format;
    EXPECT_LT(sink.largest, 80U * 1024) << format;
    // The wide form reads each trace twice, before it writes the first row.
    const std::size_t skipped = std::string_view(format) == "trace-csv-wide" ? kRuns : 0;
    const std::size_t a_run = sink.bytes / kRuns;
    for (std::size_t i = skipped + 1; i < sink.bytes_by_trace.size(); ++i)
      EXPECT_GE(sink.bytes_by_trace[i] + 80 * 1024, (i - skipped) * a_run * 9 / 10) << format;
  }
}

// A pipe that does not block, as some programs leave standard output behind.
TEST(Export, ASlowReaderIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const std::string text(1'000'000, 'x');
  std::size_t read = 0;
  std::thread reader([&] {
    char buffer[4096];
    pollfd ready{ends[0], POLLIN, 0};
    while (::poll(&ready, 1, -1) > 0) {
      const ssize_t size = ::read(ends[0], buffer, sizeof buffer);
      if (size == 0) return;
      if (size > 0) read += static_cast<std::size_t>(size);
    }
  });
  DescriptorSink sink(ends[1], "pipe");
  const Status written = sink.write(text);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_TRUE(written) << (written ? "" : to_string(written.error()));
  EXPECT_EQ(read, text.size());
}

class FullSink final : public Sink {
  Status do_write(std::string_view) override { return fail(ErrorKind::disk_full, "full"); }
};

TEST(Export, WhatTheSinkSaysIsTheExportsError) {
  for (const char* format : kExports) {
    auto study = small_study();
    FullSink sink;
    const Status written = write_report(*find_report(format).value(), study, {}, sink);
    ASSERT_FALSE(written) << format;
    EXPECT_EQ(written.error().kind, ErrorKind::disk_full) << format;
  }
}

TEST(Export, AnUnknownRunAndAStudyWithoutTraces) {
  for (const char* format : kExports) {
    auto study = small_study();
    const auto unknown = exported(study, format, 4);
    ASSERT_FALSE(unknown) << format;
    EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
    EXPECT_NE(unknown.error().remedy.find("1 to 3"), std::string::npos);
  }
  MadeStudy bare(2, small_run, [](std::int64_t) { return std::nullopt; });
  for (const char* format : {"trace-csv", "trace-csv-wide"}) {
    const auto text = exported(bare, format);
    ASSERT_FALSE(text) << format;
    EXPECT_EQ(text.error().kind, ErrorKind::no_data);
  }
  for (const char* format : {"jsonl", "perfetto", "prometheus"})
    EXPECT_TRUE(exported(bare, format)) << format;
}

TEST(Export, AReportIsOfTheWholeStudy) {
  auto study = small_study();
  const auto text = exported(study, "html", 1);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::invalid);
}

TEST(Export, TheFormatFollowsTheNameOfTheFile) {
  EXPECT_EQ(report_for_file("a.csv").value()->name, "csv");
  EXPECT_EQ(report_for_file("a.trace.csv").value()->name, "trace-csv");
  EXPECT_EQ(report_for_file("a.wide.csv").value()->name, "trace-csv-wide");
  EXPECT_EQ(report_for_file("x/y.perfetto-trace").value()->name, "perfetto");
  EXPECT_EQ(report_for_file("a.prom").value()->name, "prometheus");
  EXPECT_FALSE(report_for_file("a.xlsx"));
}

// ---- locale -----------------------------------------------------------------------------------

struct CommaNumbers final : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

// The machine's, or one that is made in the folder: many machines have none.
bool set_german_locale(const fs::path& folder) {
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"})
    if (std::setlocale(LC_ALL, name) != nullptr) return true;
  fs::create_directories(folder);
  const std::string command =
      "localedef -i de_DE -f UTF-8 " + (folder / "de_DE.UTF-8").string() + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) return false;
  ::setenv("LOCPATH", folder.c_str(), 1);
  const bool is_set = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  ::unsetenv("LOCPATH");
  return is_set;
}

TEST(Export, ALocaleWithDecimalCommasChangesNothing) {
  std::map<std::string, std::string> plain;
  auto study = small_study();
  for (const char* format : kExports) plain[format] = exported(study, format).value();
  const std::string before = std::setlocale(LC_ALL, nullptr);
  const std::locale before_cpp = std::locale::global(std::locale(std::locale(), new CommaNumbers));
  const fs::path made =
      fs::temp_directory_path() / ("isojoule-locale-" + std::to_string(::getpid()));
  if (!set_german_locale(made))
    std::cout << "without a German locale: only that of C++ has decimal commas\n";
  for (const char* format : kExports) EXPECT_EQ(exported(study, format).value(), plain[format]);
  std::locale::global(before_cpp);
  std::setlocale(LC_ALL, before.c_str());
  fs::remove_all(made);
}

// ---- a real file ------------------------------------------------------------------------------

TEST(Export, AStudyFileOnTheDiskGivesTheSameAsTheRunsThatWentIn) {
  std::string folder = (fs::temp_directory_path() / "isojoule-export-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  auto made = small_study();
  auto file = StudyFile::create(folder + "/a.study", made.info());
  ASSERT_TRUE(file) << to_string(file.error());
  const Trace trace = small_trace();
  for (const std::int64_t id : {1, 2, 3}) {
    const auto added = (*file)->add(made.run(id).value(), id == 2 ? nullptr : &trace);
    ASSERT_TRUE(added) << to_string(added.error());
  }
  EXPECT_EQ((*file)->ids().value(), (std::vector<std::int64_t>{1, 2, 3}));
  for (const char* format : kExports)
    EXPECT_EQ(exported(**file, format).value(), exported(made, format).value()) << format;
  file->reset();
  fs::remove_all(folder);
}

}  // namespace
}  // namespace isojoule::test
