#include <gtest/gtest.h>

#include "import/test_log.h"

namespace isojoule {
namespace {

const std::string kHeader = "run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase\n";

TEST(TraceCsv, RailsThatStandUnderOneAnotherComeApart) {
  const auto log = read_text(kHeader +
                                 "1,9007199254740993,VDD_IN,2.5,5,0.5,,idle\n"
                                 "1,9007199254740994,\"a \"\"b\"\", c\",-0.25,,,,\n"
                                 "1,9007199254740995,package-0,,,,0.0000152587890625,\n"
                                 "1,9007199354740993,VDD_IN,2.75,5,0.55,,inference\n"
                                 "1,9007199354740995,package-0,,,,5000.0000152587890625,\n",
                             {});
  ASSERT_TRUE(log) << to_string(log.error());
  ASSERT_EQ(log->trace.channels.size(), 3U);
  const Channel& input = log->trace.channels[0];
  EXPECT_EQ(input.info.rail, "VDD_IN");
  EXPECT_EQ(input.time_ns, (std::vector<std::int64_t>{9007199254740993, 9007199354740993}));
  EXPECT_NEAR(input.power_at(1).value(), 2.75, 1e-9);
  EXPECT_EQ(log->trace.channels[1].info.rail, "a \"b\", c");
  EXPECT_NEAR(log->trace.channels[1].power_at(0).value(), -0.25, 1e-9);
  const Channel& package = log->trace.channels[2];
  EXPECT_EQ(package.info.kind, ChannelKind::energy_counter);
  EXPECT_GE(package.info.step_a, 1e-6);  // finer, and 32 bits would run round unseen
  EXPECT_FALSE(log->counters.any());
  EXPECT_EQ(log->trace.total, "");
}

TEST(TraceCsv, OneRunIsRead) {
  const std::string text = kHeader + "3,100,A,1,,,,\n3,200,A,1,,,,\n4,50,A,7,,,,\n4,90,A,7,,,,\n";
  auto reader = open_text(text, {});
  ASSERT_TRUE(reader) << to_string(reader.error());
  const auto first = read_log(**reader);
  EXPECT_EQ(first->trace.channels[0].time_ns, (std::vector<std::int64_t>{100, 200}));
  EXPECT_EQ(first->trace.total, "A");
  EXPECT_FALSE(first->counters.any());
  EXPECT_NE((*reader)->notes().back().find("further runs"), std::string::npos);
  const auto second = read_text(text, format("trace_csv", {{"run", "4"}}));
  EXPECT_NEAR(second->trace.channels[0].power_at(0).value(), 7, 1e-9);
  EXPECT_EQ(read_text(text, format("trace_csv", {{"run", "5"}})).error().kind, ErrorKind::no_data);
  EXPECT_EQ(read_text(text, format("trace_csv", {{"run", "x"}})).error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_text(text, format("trace_csv", {{"total", "A + B"}})).error().kind,
            ErrorKind::invalid);
}

TEST(TraceCsv, WhatIsWrongIsCounted) {
  const auto log =
      read_text(kHeader +
                    "1,100,A,1,,,,\n1,90,A,1,,,,\n1,110,A,,,,,\n1,120,A,x,,,,\n"
                    "1,130,A,1,,,\n1,140,\"A,1,,,,\n1,150,A,1,,,,,\n1,1e3,A,1,,,,\n1,160,A,1",
                {});
  ASSERT_TRUE(log) << to_string(log.error());
  EXPECT_EQ(log->trace.channels[0].time_ns.size(), 1U);
  EXPECT_EQ(log->counters[Counter::time_backwards], 1U);
  EXPECT_EQ(log->counters[Counter::not_a_number], 1U);
  EXPECT_EQ(log->counters[Counter::line_malformed], 5U);
  EXPECT_EQ(log->counters[Counter::line_truncated], 1U);
  EXPECT_EQ(read_text(kHeader, format("trace_csv")).error().kind, ErrorKind::no_data);
  EXPECT_EQ(read_text("run,time_ns\n1,2\n", format("trace_csv")).error().kind, ErrorKind::parse);
  const auto large = read_text(kHeader + "1,1,A,1,,,,\n1,2,A,1e6,,,,\n", {});
  EXPECT_TRUE(large);  // all of the head is looked at
}

}  // namespace
}  // namespace isojoule
