// What a terminal shows of frames: golden pictures, and every size.
#include "app/monitor/terminal_view.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace isojoule {
namespace {

LiveHead nano() {
  LiveHead head;
  head.board = "jetson-nano";
  head.release = "32.7";
  head.simulated = true;
  head.frame_period_s = 0.5;
  head.total = "POM_5V_IN";
  head.rails = {{"POM_5V_GPU", "POM_5V_IN", "GPU", ""},
                {"POM_5V_IN", "", "module input", ""},
                {"POM_5V_CPU", "POM_5V_IN", "CPU", ""},
                {"total", "", "", ""}};
  head.watches = {{"cpu_frequency", "clock", "Hz"},
                  {"gpu_frequency", "clock", "Hz"},
                  {"temperature_CPU-therm", "temperature", "°C"}};
  return head;
}

LiveFrame frame_at(int number) {
  LiveFrame frame;
  frame.number = number;
  frame.time_s = 0.5 * (number + 1);
  const double power = 3 + number % 8;
  for (const double share : {0.25, 1.0, 0.5, 1.0}) {
    const double watts = power * share;
    frame.rails.push_back({watts, watts - 0.5 * share, watts + 0.5 * share, watts * frame.time_s,
                           static_cast<std::uint64_t>(number)});
  }
  frame.watches = {1.479e9, 921.6e6, 45.5};
  frame.throttled = false;
  frame.counters[Counter::sample_gap] = 2;
  frame.cost_percent = 1.25;
  return frame;
}

TerminalView played(int frames) {
  TerminalView view;
  view.begin(nano());
  for (int i = 0; i < frames; ++i) view.take(frame_at(i));
  return view;
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::size_t characters(const std::string& line) {
  std::size_t count = 0;
  bool in_escape = false;
  for (const char c : line) {
    if (c == '\x1b') in_escape = true;
    if (!in_escape && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
    if (in_escape && c == 'm') in_escape = false;
  }
  return count;
}

TEST(TerminalView, Golden80) {
  EXPECT_EQ(joined_lines(played(24).draw({80, 24, false, false})),
            R"(isojoule  jetson-nano 32.7  simulated                                   00:00:12
rail           now W   least    mean    most     energy last minute
POM_5V_IN      10.00   2.500   6.500   10.50    120.0 J _.+%+.+%+.+%#
  POM_5V_GPU   2.500   0.625   1.625   2.625    30.00 J _.+%+.+%+.+%#
  POM_5V_CPU   5.000   1.250   3.250   5.250    60.00 J _.+%+.+%+.+%#
total          10.00   2.500   6.500   10.50    120.0 J _.+%+.+%+.+%#
not throttled  cpu 1.48 GHz  gpu 921.6 MHz  CPU-therm 45.5 C
sample_gap 2  late 0.0 ms  own cost 1.2 %
q quit  p pause  r count anew
)");
}

TEST(TerminalView, GoldenNarrowAndShort) {
  EXPECT_EQ(joined_lines(played(24).draw({40, 10, true, false})),
            R"(simulated jetson-nano           00:00:12
rail           now W     energy
POM_5V_IN      10.00    120.0 J ▁▃▆▃▁▃▆█
  POM_5V_GPU   2.500    30.00 J ▁▃▆▃▁▃▆█
  POM_5V_CPU   5.000    60.00 J ▁▃▆▃▁▃▆█
total          10.00    120.0 J ▁▃▆▃▁▃▆█
not throttled  cpu 1.48 GHz
gpu 921.6 MHz  CPU-therm 45.5 °C
sample_gap 2  late 0.0 ms
own cost 1.2 %
)");
}

TEST(TerminalView, ARailThatFellSilentHasNoPowerAndKeepsItsEnergy) {
  TerminalView view = played(4);
  LiveFrame away = frame_at(4);
  for (LiveRail& rail : away.rails) rail.power_w = rail.least_w = rail.most_w = std::nullopt;
  view.take(away);
  const std::string line = view.draw({80, 24, false, false}).at(2);
  EXPECT_TRUE(line.starts_with("POM_5V_IN          -")) << line;
  EXPECT_NE(line.find(" J"), std::string::npos);
}

TEST(TerminalView, PauseKeepsThePictureAndRCountsAnew) {
  TerminalView view = played(10);
  view.pause(true);
  const auto kept = view.draw({80, 24, true, true});
  view.take(frame_at(10));
  EXPECT_EQ(view.draw({80, 24, true, true}), kept);
  view.pause(false);
  EXPECT_NE(view.draw({80, 24, true, true}), kept);
  view.begin_anew();
  const std::string total = view.draw({80, 24, false, false}).at(5);
  EXPECT_NE(total.find("0.000 J"), std::string::npos) << total;
  EXPECT_NE(view.draw({80, 24, false, false}).at(0).find("00:00:00"), std::string::npos);
}

TEST(TerminalView, WithoutPowerItSaysWhyAndShowsTheRest) {
  LiveHead head = nano();
  head.rails.clear();
  head.total.clear();
  head.notes = {"no power source that this version can read"};
  TerminalView view;
  view.begin(head);
  LiveFrame frame = frame_at(0);
  frame.rails.clear();
  view.take(frame);
  const std::string text = joined_lines(view.draw({80, 24, true, false}));
  EXPECT_NE(text.find("no power:  no power source that this version can read"), std::string::npos)
      << text;
  EXPECT_NE(text.find("cpu 1.48 GHz"), std::string::npos);
  EXPECT_NE(view.plain_line().find("no power source"), std::string::npos);
}

TEST(TerminalView, HostileNamesAreShownAndNotObeyed) {
  LiveHead head = nano();
  head.rails[1].name = "\x1b[31mRED\a\n";
  head.rails[0].parent = head.rails[2].parent = head.rails[1].name;
  head.board = "b\xc2\xa0\xc3\xa9\r";
  TerminalView view;
  view.begin(head);
  view.take(frame_at(0));
  for (const bool utf8 : {false, true})
    for (const std::string& line : view.draw({80, 24, utf8, false}))
      for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
}

// Whatever the size: no line too many, none too long, and 'simulated' stands there.
RC_GTEST_PROP(TerminalView, FitsEverySize, ()) {
  static const TerminalView view = played(200);
  const int columns = *rc::gen::inRange(20, 300), rows = *rc::gen::inRange(1, 60);
  const bool utf8 = *rc::gen::arbitrary<bool>(), colour = *rc::gen::arbitrary<bool>();
  const auto lines = view.draw({columns, rows, utf8, colour});
  RC_ASSERT(lines.size() <= static_cast<std::size_t>(rows));
  for (const std::string& line : lines)
    RC_ASSERT(characters(line) <= static_cast<std::size_t>(columns));
  RC_ASSERT(lines.at(0).find("simulated") != std::string::npos);
  if (rows >= 10) RC_ASSERT(lines.at(2).find("POM_5V_IN") != std::string::npos);
}

}  // namespace
}  // namespace isojoule
