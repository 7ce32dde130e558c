#include "sensor/tegrastats/parse.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sensor/tegrastats/parse_fuzz.cc"  // NOLINT(bugprone-suspicious-include): the fuzz entry

namespace isojoule::tegrastats {
namespace {

Line line_of(std::string_view text) {
  auto line = parse_line(text);
  EXPECT_TRUE(line.has_value()) << text;
  return line ? *line : Line{};
}

const RailPower* rail(const Line& line, std::string_view name) {
  for (const auto& rail : line.rails)
    if (rail.name == name) return &rail;
  return nullptr;
}

const Engine* engine(const Line& line, std::string_view name) {
  for (const auto& engine : line.engines)
    if (engine.name == name) return &engine;
  return nullptr;
}

const Temperature* zone(const Line& line, std::string_view name) {
  for (const auto& temperature : line.temperatures)
    if (temperature.zone == name) return &temperature;
  return nullptr;
}

void expect_rail(const Line& line, const char* name, std::int64_t now, std::int64_t average) {
  const RailPower* found = rail(line, name);
  ASSERT_NE(found, nullptr) << name;
  EXPECT_EQ(found->now_mw, now) << name;
  EXPECT_EQ(found->average_mw, average) << name;
}

std::string corpus_folder() {
  return std::string(ISOJOULE_SOURCE_DIR) + "/src/sensor/tegrastats/corpus";
}

std::map<std::string, std::string> corpus() {
  std::map<std::string, std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(corpus_folder())) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    texts[entry.path().stem().string()] = text.str();
  }
  return texts;
}

Line golden(const std::string& name) { return line_of(corpus().at(name)); }

// DataDog/datadog-agent, jetson_test.go (Apache-2.0): Jetson TX1, L4T 28 to 32, root.
TEST(TegrastatsGolden, TX1) {
  const Line line = golden("tx1_l4t_28_32");
  EXPECT_EQ(line.ram, (Memory{1179, 3983, 120, 4}));
  EXPECT_EQ(line.iram, (InternalMemory{0, 252, 252}));
  EXPECT_FALSE(line.swap.has_value());
  EXPECT_FALSE(line.time.has_value());
  ASSERT_EQ(line.cores.size(), 4u);
  EXPECT_EQ(line.cores[1], (Core{true, 4, 102}));
  EXPECT_EQ(*engine(line, "EMC_FREQ"), (Engine{"EMC_FREQ", false, 7, {408}}));
  EXPECT_EQ(*engine(line, "GR3D_FREQ"), (Engine{"GR3D_FREQ", false, 0, {76}}));
  EXPECT_EQ(*engine(line, "APE"), (Engine{"APE", false, {}, {25}}));
  EXPECT_DOUBLE_EQ(zone(line, "Tdiode")->celsius, 42.75);
  EXPECT_EQ(line.temperatures.size(), 8u);
  ASSERT_EQ(line.rails.size(), 3u);
  expect_rail(line, "VDD_IN", 2532, 2698);
  expect_rail(line, "VDD_CPU", 76, 178);
  expect_rail(line, "VDD_GPU", 19, 19);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson TX2, L4T 32, root; two cores are off.
TEST(TegrastatsGolden, TX2) {
  const Line line = golden("tx2_l4t_32");
  EXPECT_EQ(line.swap, (Swap{0, 3926, 0}));
  ASSERT_EQ(line.cores.size(), 6u);
  EXPECT_EQ(line.cores[1], Core{});
  EXPECT_EQ(line.cores[5], (Core{true, 2, 345}));
  EXPECT_EQ(line.rails.size(), 6u);
  expect_rail(line, "VDD_4V0_WIFI", 0, 0);
  expect_rail(line, "VDD_IN", 3056, 3056);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson Nano, L4T 32, root.
TEST(TegrastatsGolden, Nano) {
  const Line line = golden("nano_l4t_32");
  EXPECT_EQ(line.swap, (Swap{5, 1982, 1}));
  EXPECT_EQ(line.cores[0], (Core{true, 16, 204}));
  expect_rail(line, "POM_5V_IN", 1022, 1022);
  expect_rail(line, "POM_5V_CPU", 204, 204);
  EXPECT_EQ(line.rails.size(), 3u);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson AGX Xavier, L4T 32, root; rails have the names of engines and zones.
TEST(TegrastatsGolden, AgxXavier) {
  const Line line = golden("agx_xavier_l4t_32");
  EXPECT_EQ(line.mts, BackgroundTasks{});
  EXPECT_TRUE(line.mts.has_value());
  EXPECT_EQ(line.cores.size(), 8u);
  EXPECT_DOUBLE_EQ(zone(line, "CPU")->celsius, 37.5);
  EXPECT_EQ(line.rails.size(), 6u);
  expect_rail(line, "CPU", 311, 311);
  expect_rail(line, "SYS5V", 1482, 1482);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson Xavier NX, L4T 32, root.
TEST(TegrastatsGolden, XavierNx) {
  const Line line = golden("xavier_nx_l4t_32");
  EXPECT_EQ(*engine(line, "GR3D_FREQ"), (Engine{"GR3D_FREQ", false, 62, {306}}));
  expect_rail(line, "VDD_CPU_GPU_CV", 738, 738);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson Orin NX 16 GB, L4T 35, root; the first with units.
TEST(TegrastatsGolden, OrinNx) {
  const Line line = golden("orin_nx_16gb_l4t_35");
  EXPECT_EQ(*engine(line, "VIC_FREQ"), (Engine{"VIC_FREQ", false, {}, {729}}));
  EXPECT_DOUBLE_EQ(zone(line, "CPU")->celsius, 47.937);
  EXPECT_FALSE(zone(line, "CPU")->maximum.has_value());
  expect_rail(line, "VDD_IN", 5299, 5299);
  EXPECT_FALSE(rail(line, "VDD_IN")->maximum_mw.has_value());
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson AGX Orin 32 GB, L4T 36, root; its white space is irregular.
TEST(TegrastatsGolden, AgxOrinWithIrregularWhiteSpace) {
  const Line line = golden("agx_orin_32gb_12_cpus_seen_l4t_36");
  EXPECT_EQ(line.cores.size(), 12u);
  EXPECT_EQ(*engine(line, "GR3D_FREQ"), (Engine{"GR3D_FREQ", false, 0, {305, 305}}));
  EXPECT_EQ(*engine(line, "NVJPG1"), (Engine{"NVJPG1", true, {}, {}}));
  EXPECT_EQ(*engine(line, "PVA0_FREQ"), (Engine{"PVA0_FREQ", true, {}, {}}));
  EXPECT_EQ(line.engines.size(), 12u);
  expect_rail(line, "VIN_SYS_5V0", 4767, 4767);
  EXPECT_TRUE(line.unknown.empty());
}

// The same source: Jetson AGX Orin 64 GB, L4T 36, not root: no EMC, no frequency of the GPU.
TEST(TegrastatsGolden, AgxOrinWithoutRoot) {
  const Line line = golden("agx_orin_64gb_l4t_36");
  EXPECT_EQ(engine(line, "EMC_FREQ"), nullptr);
  EXPECT_EQ(*engine(line, "GR3D_FREQ"), (Engine{"GR3D_FREQ", false, 0, {}}));
  expect_rail(line, "VDD_GPU_SOC", 4940, 4940);
  EXPECT_TRUE(line.unknown.empty());
}

// A log of an AGX Orin 64 GB, early L4T 36, found in a public repository: a negative rail.
TEST(TegrastatsGolden, ANegativeRailAndATimeStamp) {
  const Line line = golden("agx_orin_64gb_l4t_36_early");
  EXPECT_EQ(line.time, (WallTime{2024, 3, 17, 18, 54, 10}));
  expect_rail(line, "VDD_CPU_CV", -398, -398);
  expect_rail(line, "VDDQ_VDD2_1V8AO", 403, 403);
  EXPECT_TRUE(line.unknown.empty());
}

// henrygd/beszel, test data (MIT): Jetson Orin Nano 8 GB, L4T 36.4, root.
TEST(TegrastatsGolden, OrinNanoOneClockInBrackets) {
  const Line line = golden("orin_nano_8gb_l4t_36_4");
  EXPECT_EQ(*engine(line, "GR3D_FREQ"), (Engine{"GR3D_FREQ", false, 63, {621}}));
  expect_rail(line, "VDD_IN", 12479, 12479);
  EXPECT_TRUE(line.unknown.empty());
}

// Logs of JetPack 7.2 (L4T 39) found in a public repository: a third value everywhere.
TEST(TegrastatsGolden, JetPack7HasMaxima) {
  const Line line = golden("agx_orin_64gb_jetpack_7_2_l4t_39");
  EXPECT_DOUBLE_EQ(zone(line, "tj")->celsius, 47.906);
  EXPECT_DOUBLE_EQ(*zone(line, "tj")->maximum, 48.343);
  expect_rail(line, "VDD_CPU_CV", 1137, 1296);
  EXPECT_EQ(rail(line, "VDD_CPU_CV")->maximum_mw, 2273);
  EXPECT_TRUE(line.unknown.empty());
  EXPECT_TRUE(golden("orin_nano_jetpack_7_2_l4t_39").unknown.empty());
  EXPECT_TRUE(golden("orin_nx_16gb_jetpack_7_2_l4t_39").unknown.empty());
}

TEST(TegrastatsParse, ZonesWithoutPowerAreKept) {
  EXPECT_DOUBLE_EQ(zone(line_of("CV0@-256C VDD_IN 1/2"), "CV0")->celsius, -256);
}

TEST(TegrastatsParse, UnknownWordsAreKeptAndNoError) {
  const Line line = line_of("RAM 1/2MB NEWTHING 12x4 VDD_IN 5mW/6mW {odd}");
  EXPECT_EQ(line.unknown, (std::vector<std::string>{"NEWTHING", "12x4", "{odd}"}));
  expect_rail(line, "VDD_IN", 5, 6);
}

TEST(TegrastatsParse, ALineWithoutAnyKnownWordIsAnError) {
  for (const char* text : {"", "   ", "\r", "sh: tegrastats: not found", "VDD_IN", "VDD_IN 45"}) {
    const auto line = parse_line(text);
    ASSERT_FALSE(line.has_value()) << text;
    EXPECT_EQ(line.error().kind, ErrorKind::parse);
  }
}

TEST(TegrastatsParse, OfACutLineWhatIsWholeStays) {
  const Line cores = golden("cut_in_cores");
  EXPECT_EQ(cores.cores, (std::vector<Core>{{true, 1, 729}}));
  EXPECT_EQ(cores.unknown, (std::vector<std::string>{"0%@72"}));
  const Line rails = golden("cut_in_rails");
  ASSERT_EQ(rails.rails.size(), 1u);
  expect_rail(rails, "VDD_IN", 4761, 4778);
  EXPECT_EQ(rails.unknown, (std::vector<std::string>{"VDD_CPU_GPU_CV", "515mW/5"}));
  // A rail cut after its name is no clock.
  EXPECT_TRUE(line_of("RAM 1/2MB VDD_SOC 14").engines.empty());
}

TEST(TegrastatsParse, NumbersThatAreNoneAreUnknown) {
  const Line line = golden("numbers");
  EXPECT_TRUE(line.rails.empty());
  EXPECT_TRUE(line.cores.empty());
  ASSERT_EQ(line.temperatures.size(), 1u);
  EXPECT_EQ(line.temperatures[0].zone, "C");
}

TEST(TegrastatsLog, CarriageReturnsAndStrangeLines) {
  const auto log =
      parse_log("Script started\r\n" + corpus().at("crlf") + "\n", Duration::milliseconds(250));
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->skipped, 1u);
  ASSERT_EQ(log->lines.size(), 2u);
  expect_rail(log->lines[1], "VDD_IN", 4762, 4778);
  EXPECT_EQ(log->at[1], Duration::milliseconds(250));
}

// Orin Nano Super, L4T 36, not root: three lines a second apart of a log found in a public
// repository.
TEST(TegrastatsLog, TimesAreTheStamps) {
  const auto texts = corpus();
  const std::string name = "orin_nano_super_l4t_36";
  const auto log = parse_log(texts.at(name) + texts.at(name + "_2") + texts.at(name + "_3"),
                             Duration::milliseconds(100));
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->at, (std::vector<Duration>{Duration::milliseconds(0), Duration::milliseconds(1000),
                                            Duration::milliseconds(2000)}));
}

TEST(TegrastatsLog, LinesOfOneSecondAreSpreadAndASetClockDoesNotGoBack) {
  const auto row = [](const char* stamp) { return std::string(stamp) + " RAM 1/2MB\n"; };
  const auto log = parse_log(row("12-31-2024 23:59:59") + row("12-31-2024 23:59:59") +
                                 row("01-01-2025 00:00:00") + row("01-01-1970 00:00:10") +
                                 row("01-01-1970 00:00:11") + row("06-01-2025 00:00:00"),
                             Duration::milliseconds(500));
  ASSERT_TRUE(log.has_value());
  std::vector<std::int64_t> at_ms;
  for (const Duration at : log->at) at_ms.push_back(at.ns / 1'000'000);
  EXPECT_EQ(at_ms, (std::vector<std::int64_t>{0, 500, 1000, 1500, 2000, 2500}));
}

TEST(TegrastatsLog, WithoutAnyLineOfTheToolIsAnError) {
  const auto log = parse_log("one\ntwo\n", Duration::milliseconds(100));
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().kind, ErrorKind::parse);
  EXPECT_FALSE(log.error().remedy.empty());
}

// The fuzz entry over the kept corpus: whole, cut anywhere, and with one byte changed.
TEST(TegrastatsFuzz, CorpusCutsAndChangedBytes) {
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  const auto texts = corpus();
  ASSERT_GE(texts.size(), 20u);
  for (const auto& [name, text] : texts) {
    for (std::size_t size = 0; size <= text.size(); ++size) run(text.substr(0, size));
    for (std::size_t i = 0; i < text.size(); i += 3) {
      std::string changed = text;
      for (const char c : {'\0', '[', '/', '@', '-', '\n', '\xff'}) {
        changed[i] = c;
        run(changed);
      }
    }
  }
}

// ---- a line that was printed from values parses to them -----------------------------------------

std::string core_text(const Core& core) {
  if (!core.online) return "off";
  std::string text = std::to_string(core.load_percent) + "%";
  return core.frequency_mhz ? text + "@" + std::to_string(*core.frequency_mhz) : text;
}

std::string engine_text(const Engine& engine) {
  if (engine.off) return engine.name + " off";
  if (!engine.load_percent) return engine.name + " " + std::to_string(engine.frequency_mhz[0]);
  std::string text = engine.name + " " + std::to_string(*engine.load_percent) + "%";
  if (engine.frequency_mhz.empty()) return text;
  if (engine.frequency_mhz.size() == 1) return text + "@" + std::to_string(engine.frequency_mhz[0]);
  text += "@[";
  for (std::size_t i = 0; i < engine.frequency_mhz.size(); ++i)
    text += (i > 0 ? "," : "") + std::to_string(engine.frequency_mhz[i]);
  return text + "]";
}

// Eighths of a degree print exactly.
std::string degrees(double celsius) {
  std::ostringstream text;
  text << celsius << "C";
  return text.str();
}

std::string print(const Line& line, bool units, const std::string& blank) {
  std::ostringstream out;
  if (line.time) {
    char stamp[64];
    std::snprintf(stamp, sizeof(stamp), "%02d-%02d-%04d %02d:%02d:%02d", line.time->month,
                  line.time->day, line.time->year, line.time->hour, line.time->minute,
                  line.time->second);
    out << stamp << blank;
  }
  out << "RAM " << line.ram->used_mb << "/" << line.ram->total_mb << "MB (lfb "
      << line.ram->free_blocks << "x" << line.ram->free_block_mb << "MB)" << blank;
  if (line.swap)
    out << "SWAP " << line.swap->used_mb << "/" << line.swap->total_mb << "MB (cached "
        << line.swap->cached_mb << "MB)" << blank;
  out << "CPU [";
  for (std::size_t i = 0; i < line.cores.size(); ++i)
    out << (i > 0 ? "," : "") << core_text(line.cores[i]);
  out << "]";
  for (const auto& engine : line.engines) out << blank << engine_text(engine);
  for (const auto& zone : line.temperatures) {
    out << blank << zone.zone << "@" << degrees(zone.celsius);
    if (zone.maximum) out << "/" << degrees(*zone.maximum);
  }
  const char* unit = units ? "mW" : "";
  for (const auto& rail : line.rails) {
    out << blank << rail.name << " " << rail.now_mw << unit << "/" << rail.average_mw << unit;
    if (rail.maximum_mw) out << "/" << *rail.maximum_mw << unit;
  }
  return out.str();
}

std::int64_t number(int low, int high) { return *rc::gen::inRange(low, high); }

Line arbitrary_line(bool units) {
  Line line;
  if (*rc::gen::arbitrary<bool>())
    line.time = WallTime{static_cast<int>(number(1970, 2100)), static_cast<int>(number(1, 13)),
                         static_cast<int>(number(1, 29)),      static_cast<int>(number(0, 24)),
                         static_cast<int>(number(0, 60)),      static_cast<int>(number(0, 60))};
  line.ram = Memory{number(0, 65536), number(0, 65536), number(0, 1000), number(1, 5)};
  if (*rc::gen::arbitrary<bool>())
    line.swap = Swap{number(0, 9999), number(0, 9999), number(0, 99)};
  for (auto left = number(1, 13); left > 0; --left) {
    Core core;
    core.online = *rc::gen::arbitrary<bool>();
    if (core.online) {
      core.load_percent = number(0, 101);
      if (*rc::gen::arbitrary<bool>()) core.frequency_mhz = number(0, 3000);
    }
    line.cores.push_back(core);
  }
  for (const char* name : {"EMC_FREQ", "GR3D_FREQ", "NVDEC", "VIC_FREQ", "APE", "NVDLA0"}) {
    Engine engine;
    engine.name = name;
    const auto form = number(0, 5);
    engine.off = form == 0;
    if (form >= 2) engine.load_percent = number(0, 101);
    if (form == 1 || form >= 3) engine.frequency_mhz.push_back(number(0, 3000));
    if (form == 4) engine.frequency_mhz.push_back(number(0, 3000));
    line.engines.push_back(engine);
  }
  for (const char* name : {"CPU", "tj", "Tboard", "soc0"}) {
    Temperature zone{name, static_cast<double>(number(-2048, 1000)) / 8, {}};
    if (units && *rc::gen::arbitrary<bool>())
      zone.maximum = static_cast<double>(number(0, 800)) / 8;
    line.temperatures.push_back(zone);
  }
  for (const char* name : {"VDD_IN", "GPU", "POM_5V_CPU", "VDDQ_VDD2_1V8AO"}) {
    RailPower rail{name, number(-500, 60000), number(-500, 60000), {}};
    if (units && *rc::gen::arbitrary<bool>()) rail.maximum_mw = number(-500, 60000);
    line.rails.push_back(rail);
  }
  return line;
}

RC_GTEST_PROP(TegrastatsParse, APrintedLineParsesToItsValues, ()) {
  const bool units = *rc::gen::arbitrary<bool>();
  const Line line = arbitrary_line(units);
  const std::string blank(static_cast<std::size_t>(number(1, 6)), ' ');
  const auto parsed = parse_line(print(line, units, blank) + (units ? "\r\n" : "\n"));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == line);
}

}  // namespace
}  // namespace isojoule::tegrastats
