#include <gtest/gtest.h>

#include "board/board.h"

namespace isojoule {
namespace {

// A small board whose lines a test can replace; line numbers count from 1.
const std::vector<std::string> kLines = {
    "[board]",                                   // 1
    "name = \"box\"",                            // 2
    "title = \"A box\"",                         // 3
    "compatible = [\"maker,box\"]",              // 4
    "[[rail]]",                                  // 5
    "name = \"IN\"",                             // 6
    "what = \"input\"",                          // 7
    "[[rail]]",                                  // 8
    "name = \"GPU\"",                            // 9
    "parent = \"IN\"",                           // 10
    "what = \"GPU\"",                            // 11
    "[[rail]]",                                  // 12
    "name = \"USB\"",                            // 13
    "what = \"ports\"",                          // 14
    "[total]",                                   // 15
    "expression = \"IN + USB\"",                 // 16
    "[default_governors]",                       // 17
    "cpu_governor = \"schedutil\"",              // 18
    "[[quirk]]",                                 // 19
    "what = \"It is small\"",                    // 20
    "source = \"a ruler\"",                      // 21
    "[[release]]",                               // 22
    "name = \"1.0\"",                            // 23
    "l4t = [\"1\"]",                             // 24
    "[[release.chip]]",                          // 25
    "type = \"ina3221\"",                        // 26
    "bus_address = \"1-0040\"",                  // 27
    "driver = \"hwmon\"",                        // 28
    "[[release.chip.channel]]",                  // 29
    "index = 0",                                 // 30
    "rail = \"IN\"",                             // 31
    "shunt_ohm = 0.005",                         // 32
    "[[release.knob]]",                          // 33
    "type = \"governor\"",                       // 34
    "axis = \"cpu_governor\"",                   // 35
    "nodes = [\"/sys/policy0\"]",                // 36
    "[[release.watch]]",                         // 37
    "name = \"cpu_frequency\"",                  // 38
    "path = \"/sys/policy0/scaling_cur_freq\"",  // 39
    "scale = 1e3",                               // 40
};

Result<BoardFile> parse_with(std::size_t line, const std::string& text) {
  auto lines = kLines;
  if (line > 0) lines[line - 1] = text;
  std::string toml;
  for (const auto& each : lines) toml += each + "\n";
  return parse_board(toml, "boards/box/board.toml");
}

TEST(BoardFile, ReadsEveryField) {
  const auto file = parse_with(0, "");
  ASSERT_TRUE(file.has_value()) << to_string(file.error());
  EXPECT_EQ(file->name, "box");
  EXPECT_EQ(file->directory, "boards/box");
  ASSERT_EQ(file->rails.size(), 3u);
  EXPECT_EQ(file->rails[1].parent, "IN");
  EXPECT_EQ(file->total, "IN + USB");
  EXPECT_EQ(file->default_governors.at("cpu_governor"), "schedutil");
  EXPECT_EQ(file->quirks.at(0), "It is small (source: a ruler)");
  const BoardRelease& release = file->releases.at(0);
  EXPECT_EQ(release.l4t, std::vector<std::string>{"1"});
  EXPECT_DOUBLE_EQ(release.chips.at(0).channels.at(0).shunt_ohm, 0.005);
  EXPECT_DOUBLE_EQ(release.chips.at(0).shunt_tolerance, 0.01);
  EXPECT_EQ(release.knobs.at(0).nodes.at(0), "/sys/policy0");
  EXPECT_DOUBLE_EQ(release.watches.at(0).scale, 1e3);
}

struct Fault {
  std::size_t line;
  std::string text;
  ErrorKind kind;
  std::string position;  // "12:8"
  std::string what, remedy;
};

TEST(BoardFile, FaultsSayLineColumnAndRemedy) {
  const std::vector<Fault> faults = {
      {3, "title = ", ErrorKind::parse, "3:9", "", ""},
      {3, "titel = \"x\"", ErrorKind::parse, "3:1", "unknown key 'titel'", "Did you mean 'title'?"},
      {3, "", ErrorKind::parse, "1:1", "[board] has no 'title'", "Add title"},
      {3, "title = 7", ErrorKind::parse, "3:9", "'title' must be a text", ""},
      {4, "compatible = \"x\"", ErrorKind::parse, "4:14", "must be a list of texts", ""},
      {9, "name = \"IN\"", ErrorKind::invalid, "9:8", "rail IN is there twice", ""},
      {10, "parent = \"INN\"", ErrorKind::invalid, "10:10", "which is not a rail",
       "Did you mean 'IN'?"},
      {10, "parent = \"GPU\"", ErrorKind::invalid, "10:10", "rail GPU feeds itself", "parent"},
      {7, "what = \"a\"\nparent = \"GPU\"", ErrorKind::invalid, "8:10", "rail IN feeds itself", ""},
      {16, "expression = \"IN + GPU\"", ErrorKind::invalid, "16:14",
       "adds GPU to IN, which feeds it", "Leave GPU out"},
      {16, "expression = \"IN + USC\"", ErrorKind::invalid, "16:14", "names 'USC'",
       "Did you mean 'USB'?"},
      {16, "expression = \"IN - USB\"", ErrorKind::invalid, "16:14", "not a sum of rails", "A + B"},
      {16, "expression = \"IN + IN\"", ErrorKind::invalid, "16:14", "twice", ""},
      {18, "cpu_governer = \"x\"", ErrorKind::invalid, "18:16", "axis 'cpu_governer'",
       "Did you mean 'cpu_governor'?"},
      {30, "index = 1.5", ErrorKind::parse, "30:9", "whole number", ""},
      {31, "rail = \"OUT\"", ErrorKind::invalid, "31:8", "measures 'OUT'", "Known: IN, GPU, USB"},
      {32, "shunt_ohm = 0", ErrorKind::invalid, "32:13", "shunt_ohm must be above 0", ""},
      {36, "nodes = []", ErrorKind::invalid, "36:9", "'cpu_governor' has no nodes", "directory"},
      {36, "", ErrorKind::parse, "33:1", "has no 'nodes'", "Add nodes"},
      {36, "nodes = [\"sys\"]", ErrorKind::invalid, "36:9", "not an absolute path", ""},
      {40, "scale = \"k\"", ErrorKind::parse, "40:9", "'scale' must be a number", ""},
      {37, "[[release.wacht]]", ErrorKind::parse, "37:11", "unknown key 'wacht'",
       "Did you mean 'watch'?"},
  };
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault.text);
    const auto file = parse_with(fault.line, fault.text);
    ASSERT_FALSE(file.has_value());
    EXPECT_EQ(file.error().kind, fault.kind);
    EXPECT_EQ(file.error().what.find("boards/box/board.toml:" + fault.position + ": "), 0u)
        << file.error().what;
    EXPECT_NE(file.error().what.find(fault.what), std::string::npos) << file.error().what;
    EXPECT_NE(file.error().remedy.find(fault.remedy), std::string::npos) << file.error().remedy;
    EXPECT_EQ(to_string(file.error()).find('\n'), std::string::npos);
  }
}

TEST(BoardFile, TwoKnobsForOneAxisAreAFault) {
  std::string toml;
  for (const auto& line : kLines) toml += line + "\n";
  toml += "[[release.knob]]\ntype = \"governor\"\naxis = \"cpu_governor\"\nnodes = [\"/x\"]\n";
  EXPECT_NE(parse_board(toml, "b.toml").error().what.find("two knobs"), std::string::npos);
}

TEST(BoardFile, AThrottleIndicatorIsAPathOrACommand) {
  std::string toml;
  for (const auto& line : kLines) toml += line + "\n";
  const std::string throttle = toml + "[[release.throttle]]\nname = \"t\"\n";
  EXPECT_NE(parse_board(throttle, "b.toml").error().what.find("a path or a command"),
            std::string::npos);
  EXPECT_NE(parse_board(throttle + "path = \"/x\"\ncommand = [\"y\"]\n", "b.toml")
                .error()
                .what.find("a path or a command"),
            std::string::npos);
  EXPECT_NE(parse_board(throttle + "command = [\"y\"]\nbits = [64]\n", "b.toml")
                .error()
                .what.find("bits are"),
            std::string::npos);
  const auto file =
      parse_board(throttle + "command = [\"y\", \"z\"]\nbits = [1, 3]\nstate = true\n", "b.toml");
  ASSERT_TRUE(file);
  const ThrottleSpec& spec = file->releases.at(0).throttles.at(0);
  EXPECT_EQ(spec.mask, 0xaU);
  EXPECT_TRUE(spec.is_state);
  EXPECT_EQ(spec.command, (std::vector<std::string>{"y", "z"}));
}

// No node of a capped clock says what it takes.
TEST(BoardFile, AKnobWithoutARangeIsAFault) {
  std::string toml;
  for (const auto& line : kLines) toml += line + "\n";
  toml += "[[release.knob]]\ntype = \"clock_cap\"\naxis = \"memory_maximum_frequency\"\n";
  toml += "nodes = [\"/x\"]\n";
  const auto without = parse_board(toml, "b.toml");
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().what.find("'memory_maximum_frequency' has no range"), std::string::npos)
      << without.error().what;
  EXPECT_NE(without.error().remedy.find("range = [lowest, highest]"), std::string::npos);
  EXPECT_TRUE(parse_board(toml + "range = [1e6, 2e6]\n", "b.toml"));
  EXPECT_NE(parse_board(toml + "range = [2e6, 1e6]\n", "b.toml").error().what.find("range is"),
            std::string::npos);
}

TEST(BoardFile, WithoutAReleaseThereIsNothingToDo) {
  const auto file =
      parse_board("[board]\nname = \"x\"\ntitle = \"x\"\ncompatible = [\"x\"]\n", "b.toml");
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().what.find("no [[release]]"), std::string::npos);
}

TEST(Total, RailsOfASum) {
  EXPECT_EQ(rails_of_total("VDD_IN"), std::vector<std::string>{"VDD_IN"});
  EXPECT_EQ(rails_of_total(" A +B+ C "), (std::vector<std::string>{"A", "B", "C"}));
  for (const char* bad : {"", "A +", "+ A", "A B", "2 * A", "A - B"})
    EXPECT_EQ(rails_of_total(bad).error().kind, ErrorKind::invalid) << bad;
}

}  // namespace
}  // namespace isojoule
