#include <gtest/gtest.h>

#include "import/test_log.h"

namespace isojoule {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string line(const std::string& rails, const std::string& stamp = "") {
  return stamp + "RAM 1/2MB (lfb 1x4MB) CPU [1%@729] " + rails + "\n";
}

std::string corpus(const std::string& name) {
  return content_of(std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/import_tegrastats/" + name);
}

TEST(TegrastatsImport, EveryGenerationHasItsRailsAndItsTotal) {
  struct Case {
    const char* file;
    const char* total;
  };
  for (const Case& one :
       {Case{"nano_l4t_32.txt", "POM_5V_IN"}, Case{"xavier_nx_l4t_32.txt", "VDD_IN"},
        Case{"orin_nx_16gb_l4t_35.txt", "VDD_IN"},
        Case{"agx_orin_64gb_l4t_36.txt", "VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0"},
        Case{"orin_nano_jetpack_7_2_l4t_39.txt", "VDD_IN"}}) {
    const auto log = read_text(corpus(one.file), {});
    ASSERT_TRUE(log.has_value()) << one.file << ": " << to_string(log.error());
    EXPECT_EQ(log->trace.total, one.total) << one.file;
    for (const Channel& channel : log->trace.channels)
      EXPECT_FALSE(channel.time_ns.empty()) << channel.info.rail;
  }
}

TEST(TegrastatsImport, LinesOfOneSecondAreSpreadOverIt) {
  const auto reader = open_text(corpus("stamped.txt"), {});
  ASSERT_TRUE(reader.has_value());
  const auto log = read_log(**reader);
  const Channel& gpu = log->trace.channels[0];
  ASSERT_EQ(gpu.time_ns.size(), 9u);
  EXPECT_EQ((*reader)->print_time(Instant{gpu.time_ns[0]}), "01-27-2024 09:10:00");
  EXPECT_EQ(gpu.time_ns[1] - gpu.time_ns[0], kSecond / 3);
  EXPECT_EQ(gpu.time_ns[3] - gpu.time_ns[0], kSecond);
  EXPECT_NEAR(gpu.power_at(8).value(), 4.948, 1e-9);
  EXPECT_NEAR(gpu.info.window.value(), 0.43008, 1e-9);
  EXPECT_EQ((*reader)->time_base(), TimeBase::wall_clock);
}

TEST(TegrastatsImport, ALogMayOpenWithHalfALine) {
  const auto log = read_text("36/62840MB " + line("VDD_IN 9mW/9mW") +
                                 line("VDD_IN 4000mW/4000mW", "01-27-2024 09:10:00 ") +
                                 line("VDD_IN 4100mW/4000mW", "01-27-2024 09:10:01 "),
                             {});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  EXPECT_EQ(log->counters[Counter::line_malformed], 1u);
  ASSERT_EQ(log->trace.channels[0].time_ns.size(), 2u);
  EXPECT_EQ(log->trace.channels[0].time_ns[1] - log->trace.channels[0].time_ns[0], kSecond);
  EXPECT_EQ(log->trace.channels[0].info.update_period, Second(1));
}

TEST(TegrastatsImport, WithoutStampsAnIntervalIsTaken) {
  const std::string text =
      line("VDD_IN 4000mW/4000mW") + line("VDD_IN 4100mW/4000mW") + line("VDD_IN -5mW/4000mW");
  const auto log = read_text(text, format("tegrastats", {{"interval_ms", "100"}}));
  EXPECT_EQ(log->trace.channels[0].time_ns,
            (std::vector<std::int64_t>{0, kSecond / 10, kSecond / 5}));
  EXPECT_NEAR(log->trace.channels[0].power_at(2).value(), -0.005, 1e-12);
  EXPECT_EQ(read_text(text, format("tegrastats", {{"interval_ms", "-1"}})).error().kind,
            ErrorKind::invalid);
}

TEST(TegrastatsImport, AClockThatIsSetBackAndLinesThatAreCut) {
  const auto log = read_text(
      line("VDD_IN 4000mW/1mW VDD_SOC 900mW/1mW", "01-27-2024 09:10:01 ") +
          line("VDD_IN 4100mW/1mW", "01-27-2024 09:10:02 ") +
          line("VDD_IN 4200mW/1mW VDD_SOC 900mW/1mW", "01-27-2024 08:00:00 ") + "sh: killed\n" +
          line("VDD_IN 4300mW/1mW VDD_SOC 900mW/1mW", "01-27-2024 09:10:03 ") + "01-27-2024 09",
      {});
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->counters[Counter::time_backwards], 1u);
  EXPECT_EQ(log->counters[Counter::line_malformed], 1u);
  EXPECT_EQ(log->counters[Counter::line_truncated], 1u);
  EXPECT_EQ(log->counters[Counter::sample_failed], 1u);
  EXPECT_EQ(log->trace.channels[0].time_ns.size(), 3u);
  EXPECT_EQ(log->trace.channels[1].time_ns.size(), 2u);
}

TEST(TegrastatsImport, WithoutRailsThereIsNothingToMeasure) {
  const auto log = read_text(line("GR3D_FREQ 0%"), format("tegrastats"));
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().kind, ErrorKind::no_data);
}

}  // namespace
}  // namespace isojoule
