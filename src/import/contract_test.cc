// What import.h promises, held against every format of the table; and the kept corpora of the
// fuzzers, through the fuzzers' own entry.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "import/holds.h"
#include "import/test_log.h"

namespace isojoule {
namespace {

const std::string kCorpus = std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/";

// A good log of each format.
const std::map<std::string, std::string>& good_logs() {
  static const std::map<std::string, std::string> logs = {
      {"spl", content_of(import_golden("spl_agx_xavier.txt"))},
      {"csv", "time,power\n1.0,5.5\n2.0,5.75\n3.0,6.0\n"},
      {"marks", "1612620916.9 inf_start_batch_1\n1612620939.9 inf_end_batch_1\n"},
      {"mlperf",
       R"(:::MLLOG {"key": "power_begin", "value": "07-20-2024 17:54:38.800", "time_ms": 1.5})"
       "\n"
       R"(:::MLLOG {"key": "power_end", "value": "07-20-2024 17:55:38.800", "time_ms": 1.5})"
       "\n"},
      {"tegrastats",
       "RAM 1/2MB (lfb 1x4MB) CPU [1%@729] VDD_IN 4761mW/4778mW\n"
       "RAM 1/2MB (lfb 1x4MB) CPU [1%@729] VDD_IN 4762mW/4778mW\n"},
      {"trace_csv",
       "run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase\n"
       "1,1000000000,VDD_IN,2.5,5,0.5,,idle\n1,1100000000,VDD_IN,2.75,5,0.55,,\n"},
      {"trtexec", content_of(std::string(ISOJOULE_SOURCE_DIR) +
                             "/src/engine/trtexec/corpus/times_8_2.json.txt")},
  };
  return logs;
}

TEST(ImportContract, EveryFormatHasAGoodLogAndWords) {
  std::set<std::string_view> names;
  for (const ImportKind& kind : import_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second);
    EXPECT_FALSE(kind.help.empty());
    EXPECT_TRUE(good_logs().contains(std::string(kind.name))) << kind.name;
    for (const ImportOption& option : kind.options) EXPECT_FALSE(option.help.empty());
  }
  EXPECT_EQ(names.size(), good_logs().size());
}

TEST(ImportContract, AGoodLogIsRecognisedAndReadWithoutACounter) {
  for (const auto& [name, text] : good_logs()) {
    SCOPED_TRACE(name);
    const auto file = LogFile::from("log", text_source(text));
    const auto kind = recognise(*file);
    ASSERT_TRUE(kind.has_value()) << to_string(kind.error());
    EXPECT_EQ((*kind)->name, name);
    const auto log = read_text(text, {});
    ASSERT_TRUE(log.has_value()) << to_string(log.error());
    EXPECT_FALSE(log->counters.any());
    EXPECT_TRUE(!log->windows.empty() ||
                (!log->trace.channels.empty() && log->trace.channels[0].time_ns.size() > 1));
  }
}

TEST(ImportContract, AnUnknownOptionIsRefusedWithTheNearest) {
  for (const ImportKind& kind : import_kinds()) {
    const std::string name(kind.name);
    const auto log = read_text(good_logs().at(name), format(name, {{"windoww", "x"}}));
    ASSERT_FALSE(log.has_value()) << name;
    EXPECT_EQ(log.error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(read_text("x", format("spll")).error().kind, ErrorKind::invalid);
  EXPECT_NE(read_text("x", format("spll")).error().remedy.find("spl"), std::string::npos);
}

TEST(ImportContract, EmptyBinaryAndForeignTextsAreTypedErrors) {
  for (const ImportKind& kind : import_kinds()) {
    const std::string name(kind.name);
    SCOPED_TRACE(name);
    EXPECT_EQ(read_text("", format(name)).error().kind, ErrorKind::no_data);
    EXPECT_EQ(read_text(std::string("a\0b", 3), format(name)).error().kind, ErrorKind::parse);
    const auto foreign = read_text("To be, or not to be\nThat is the question\n", format(name));
    if (!foreign) {
      EXPECT_TRUE(foreign.error().kind == ErrorKind::parse ||
                  foreign.error().kind == ErrorKind::no_data)
          << to_string(foreign.error());
    } else {
      EXPECT_TRUE(foreign->windows.empty());
    }
  }
  const auto unknown = read_text("To be, or not to be\nThat is the question\n", {});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::unsupported);
  EXPECT_NE(unknown.error().remedy.find("--format csv"), std::string::npos);
}

class BreaksAfter final : public ByteSource {
 public:
  explicit BreaksAfter(std::string text) : text_(std::move(text)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    if (at_ == text_.size()) return fail(ErrorKind::io, "log: Input/output error");
    const std::size_t size = text_.copy(buffer.data(), buffer.size(), at_);
    at_ += size;
    return size;
  }
  std::string text_;
  std::size_t at_ = 0;
};

TEST(ImportContract, ADiskThatFailsIsAnErrorNotAnEnd) {
  for (const ImportKind& kind : import_kinds()) {
    const std::string name(kind.name);
    SCOPED_TRACE(name);
    std::string text;
    while (text.size() < 2 * LogFile::kHeadSize) text += good_logs().at(name);
    auto file = LogFile::from("", std::make_unique<BreaksAfter>(text));
    ASSERT_TRUE(file.has_value());
    auto reader = open_log(std::move(*file), format(name));
    const auto log = reader ? read_log(**reader) : Result<Log>(tl::unexpected(reader.error()));
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().kind, ErrorKind::io) << to_string(log.error());
  }
}

TEST(ImportContract, WhatTheMeterIsSaidToBeIsTaken) {
  for (const char* name : {"spl", "csv", "tegrastats"}) {
    ImportOptions options = format(name);
    options.window = Second(0.25);
    options.lag = Second(0.5);
    options.gain_uncertainty = 0.002;
    options.offset_uncertainty = Watt(0.01);
    const auto reader = open_text(good_logs().at(name), options);
    ASSERT_TRUE(reader.has_value());
    const ChannelInfo& info = (*reader)->channels().front();
    EXPECT_EQ(info.window, Second(0.25));
    EXPECT_EQ(info.lag, Second(0.5));
    EXPECT_EQ(info.gain_uncertainty, 0.002);
    EXPECT_EQ(info.power_offset_uncertainty, Watt(0.01));
  }
}

TEST(ImportContract, AMeterThatCannotBeIsRefused) {
  const auto refused = [](const ImportOptions& options) {
    const auto log = read_text(good_logs().at("csv"), options);
    return !log && log.error().kind == ErrorKind::invalid;
  };
  for (const double odd : {std::nan(""), HUGE_VAL, -1e300, 1e300}) {
    ImportOptions window, lag, gain, offset;
    window.window = Second(odd);
    lag.lag = Second(odd);
    gain.gain_uncertainty = odd;
    offset.offset_uncertainty = Watt(odd);
    for (const ImportOptions& one : {window, lag, gain, offset}) EXPECT_TRUE(refused(one)) << odd;
  }
  ImportOptions early;
  early.lag = Second(-2);
  EXPECT_FALSE(refused(early));
}

TEST(ImportContract, OptionsOfOneFormatNameIt) {
  const std::string text = "Zeit;Leistung\n1,0;5000,5\n2,0;6000,5\n";
  ASSERT_FALSE(read_text(text, {}).has_value());
  ImportOptions options;
  options.options = {{"time", "Zeit:s"}, {"power", "Leistung:mW"}};
  const auto log = read_text(text, options);
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  EXPECT_NEAR(log->trace.channels[0].power_at(0).value(), 5.0005, 1e-9);
  options.options = {{"window", "x"}, {"time", "Zeit:s"}};  // of two formats
  EXPECT_FALSE(read_text(text, options).has_value());
}

TEST(ImportContract, EveryPrefixHolds) {
  for (const auto& [name, text] : good_logs()) {
    const std::string head = text.substr(0, 600);
    for (std::size_t size = 0; size <= head.size(); ++size)
      ASSERT_EQ(import_holds(name, std::string_view(head).substr(0, size)), "")
          << name << " of " << size;
  }
}

RC_GTEST_PROP(ImportContract, ADamagedLogHolds, ()) {
  const auto names = rc::gen::map(
      rc::gen::inRange<std::size_t>(0, good_logs().size()),
      [](std::size_t i) { return std::next(good_logs().begin(), static_cast<long>(i)); });
  const auto log = *names;
  std::string text = log->second.substr(0, 800);
  const auto faults = *rc::gen::inRange(1, 6);
  for (int i = 0; i < faults; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[at] = *rc::gen::elementOf(std::string("0123456789,.;:-+ \n\reETZnaW\x7f"));
        break;
      case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 20)); break;
      case 2: text.insert(at, text.substr(at / 2, 40)); break;
      default: text.insert(at, "\n"); break;
    }
    if (text.empty()) text = "x";
  }
  RC_ASSERT(import_holds(log->first, text).empty());
}

TEST(ImportContract, TheKeptCorporaHold) {
  for (const ImportKind& kind : import_kinds()) {
    const std::string folder = kCorpus + "import_" + std::string(kind.name);
    ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      ++files;
      EXPECT_EQ(import_holds(kind.name, content_of(entry.path())), "") << entry.path();
    }
    EXPECT_GT(files, 0u) << folder;
  }
}

}  // namespace
}  // namespace isojoule
