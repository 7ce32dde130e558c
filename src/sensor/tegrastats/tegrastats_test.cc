// The sensor over a log, and over programs that behave as tegrastats may.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "sensor/sensor_contract.h"
#include "sensor/tegrastats/live.h"
#include "sensor/test_clock.h"

namespace isojoule {
namespace {

constexpr const char* kLog = "/var/log/tegrastats.log";

// Shaped after lines of an Orin Nano; the values are made up.
std::string row(const std::string& stamp, int milliwatt) {
  return stamp + "RAM 775/7620MB (lfb 3x4MB) CPU [1%@729,off] GR3D_FREQ 0% tj@49.1C VDD_IN " +
         std::to_string(milliwatt) + "mW/4778mW VDD_SOC 1428mW/1428mW\n";
}

ChipSpec log_spec() {
  ChipSpec spec;
  spec.type = "tegrastats";
  spec.options["log"] = kLog;
  spec.options["interval_ms"] = "100";
  spec.channels = {{0, "VDD_IN", 5e-3, {}}, {0, "VDD_SOC", 5e-3, {}}};
  return spec;
}

const bool added = add_sensor_fixture(
    {"tegrastats, a log",
     log_spec(),
     [](MemoryTree& tree) { tree.add_text(kLog, row("", 4761) + row("", 4762) + row("", 4763)); },
     {}});

TEST(TegrastatsLogSensor, LinesComeAtTheirOwnTimesOnTheClock) {
  MemoryTree tree;
  tree.add_text(kLog, row("", 4761) + row("", 4762) + row("", 4763));
  const auto sensor = open_sensor(log_spec(), tree);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  fake::TestClock clock;
  std::vector<RawReading> out(2);
  const std::int64_t begin = clock.now().ns;
  std::vector<int> seen;
  for (int i = 0; i < 5; ++i) {
    (*sensor)->read(clock, out);
    ASSERT_EQ(out[0].state, ReadingState::ok);
    EXPECT_LE(out[0].time_ns, clock.now().ns);
    EXPECT_EQ((out[0].time_ns - begin) % 100'000'000, 0);
    seen.push_back(out[0].a);
    clock.move(Duration::milliseconds(60));
  }
  EXPECT_EQ(seen, (std::vector<int>{4761, 4761, 4762, 4762, 4763}));
  EXPECT_EQ(out[1].a, 1428);
  clock.move(Duration::milliseconds(500));
  (*sensor)->read(clock, out);
  EXPECT_EQ(out[0].state, ReadingState::no_data);  // the log is over; nothing is held on to
}

TEST(TegrastatsLogSensor, ChannelsSayWhatIsKnown) {
  MemoryTree tree;
  tree.add_text(kLog, row("", 4761) + row("", 4762));
  const auto sensor = open_sensor(log_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  const ChannelInfo& info = (*sensor)->channels()[0];
  EXPECT_EQ(info.kind, ChannelKind::power);
  EXPECT_DOUBLE_EQ(info.step_a, 1e-3);
  EXPECT_DOUBLE_EQ(info.power_quantum.value(), 0.04);  // 40 uV / 5 mOhm x 5 V
  EXPECT_DOUBLE_EQ(info.window.value(), 0.43008);
  EXPECT_DOUBLE_EQ(info.update_period.value(), 0.1);
  EXPECT_NEAR(info.gain_uncertainty, 0.006124, 1e-6);
}

TEST(TegrastatsLogSensor, WithoutChannelsAllRailsAreRead) {
  MemoryTree tree;
  tree.add_text(kLog, "RAM 1/2MB VDD_IN 1/1\n" + row("", 4761));  // the first was cut
  ChipSpec spec = log_spec();
  spec.channels.clear();
  const auto sensor = open_sensor(spec, tree);
  ASSERT_TRUE(sensor.has_value());
  ASSERT_EQ((*sensor)->channels().size(), 2u);
  fake::TestClock clock;
  std::vector<RawReading> out(2);
  (*sensor)->read(clock, out);
  EXPECT_EQ(out[0].state, ReadingState::ok);
  EXPECT_EQ(out[1].state, ReadingState::no_data);
}

TEST(TegrastatsLogSensor, FaultsAreTyped) {
  MemoryTree tree;
  tree.add_text(kLog, "sh: tegrastats: not found\n");
  EXPECT_EQ(open_sensor(log_spec(), tree).error().kind, ErrorKind::parse);
  tree.add_text(kLog, "RAM 775/7620MB (lfb 3x4MB) CPU [1%@729]\n");  // not root: no rails
  const auto without = open_sensor(log_spec(), tree);
  ASSERT_FALSE(without.has_value());
  EXPECT_EQ(without.error().kind, ErrorKind::no_data);
  EXPECT_NE(without.error().remedy.find("root"), std::string::npos);
  tree.add_text(kLog, row("", 1));
  ChipSpec spec = log_spec();
  spec.channels[1].rail = "VDD_CV";
  const auto partly = open_sensor(spec, tree);
  ASSERT_TRUE(partly.has_value());
  EXPECT_EQ((*partly)->channels().size(), 1u);
  ASSERT_EQ((*partly)->problems().size(), 1u);
  EXPECT_NE((*partly)->problems()[0].what.find("VDD_CV"), std::string::npos);
  spec.options["interval_ms"] = "soon";
  EXPECT_EQ(open_sensor(spec, tree).error().kind, ErrorKind::invalid);
}

TEST(TegrastatsLive, WithoutTheToolOrOnAnotherTreeNothingIsRun) {
  ChipSpec spec;
  spec.type = "tegrastats";
  MemoryTree tree;
  const auto none = open_sensor(spec, tree);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_NE(none.error().tried.find("/usr/bin/tegrastats"), std::string::npos);
  EXPECT_FALSE(none.error().remedy.empty());
  // The file is there, as in a twin, but this tree runs no such program.
  tree.add_text("/usr/bin/tegrastats", "", 0755);
  EXPECT_FALSE(open_sensor(spec, tree).has_value());
}

TEST(TegrastatsLive, IsNotLookedForWhereTheChipCanBeReadOrTheToolIsNot) {
  for (const auto& kind : sensor_kinds()) {
    if (kind.name != "tegrastats") continue;
    MemoryTree tree;
    EXPECT_TRUE(kind.discover(tree).empty());
    tree.add_text("/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3/in1_input", "5000\n");
    tree.add_text("/usr/bin/tegrastats", "", 0755);
    tree.add_program("/usr/bin/tegrastats",
                     [](const std::vector<std::string>&) -> Result<std::string> {
                       ADD_FAILURE() << "the rails can be read without it";
                       return std::string();
                     });
    EXPECT_TRUE(kind.discover(tree).empty());
  }
}

TEST(TegrastatsDiscover, RailsWithTheirPlacesAndWithoutWhatIsNotConnected) {
  using Rails = std::vector<tegrastats::RailPower>;
  EXPECT_FALSE(tegrastats::source_of({}).has_value());
  EXPECT_FALSE(tegrastats::source_of(Rails{{"NC", 0, 0, {}}}).has_value());
  const auto nx = tegrastats::source_of(
      Rails{{"VDD_IN", 9, 9, {}}, {"NC", 0, 0, {}}, {"NC", 0, 0, {}}, {"VDD_SOC", 1, 1, {}}});
  ASSERT_TRUE(nx.has_value());
  ASSERT_EQ(nx->rails.size(), 2u);
  EXPECT_EQ(nx->rails[1].name, "VDD_SOC");
  EXPECT_EQ(nx->rails[1].parent, "VDD_IN");
  EXPECT_EQ(nx->spec.channels[1].label, "VDD_SOC");
  EXPECT_EQ(nx->coverage, Coverage::package);
  EXPECT_EQ(nx->overlap, Overlap::in_kind);
  const auto agx = tegrastats::source_of(Rails{{"GPU", 1, 1, {}}, {"SYS5V", 1, 1, {}}});
  EXPECT_EQ(agx->coverage, Coverage::part);
  EXPECT_EQ(agx->overlap, Overlap::none);
}

// A program of the real machine in a folder of its own; waits are for events, never for a time.
class TegrastatsProgram : public testing::Test {
 protected:
  TegrastatsProgram() {
    char name[] = "/tmp/isojoule_tegrastats_XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~TegrastatsProgram() override { std::filesystem::remove_all(folder_); }

  ChipSpec spec(const std::string& script) {
    const std::string path = folder_ + "/tegrastats";
    std::ofstream(path) << "#!/bin/sh\n"
                        << "[ \"$1\" = --help ] && exit 1\n"
                        << script;
    chmod(path.c_str(), 0755);
    ChipSpec spec;
    spec.type = "tegrastats";
    spec.options["program"] = path;
    spec.options["interval_ms"] = "10";
    return spec;
  }

  // Reads until `done`, at most for ten seconds.
  template <typename Done>
  bool read_until(Sensor& sensor, Done done) {
    const auto clock = make_real_clock();
    std::vector<RawReading> out(sensor.channels().size());
    for (int i = 0; i < 2000; ++i) {
      sensor.read(*clock, out);
      if (done(out)) return true;
      clock->sleep_for(Duration::milliseconds(5));
    }
    return false;
  }

  std::string folder_;
  std::unique_ptr<FileTree> tree_ = make_real_file_tree();
};

TEST_F(TegrastatsProgram, FollowsItsLines) {
  const auto sensor = open_sensor(
      spec("n=100\nwhile :; do n=$((n+1)); echo \"RAM 1/2MB VDD_IN ${n}mW/${n}mW\"; sleep 0.01; "
           "done\n"),
      *tree_);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  ASSERT_EQ((*sensor)->channels().size(), 1u);
  EXPECT_EQ((*sensor)->channels()[0].rail, "VDD_IN");
  std::int64_t last = 0;
  EXPECT_TRUE(read_until(**sensor, [&](const std::vector<RawReading>& out) {
    EXPECT_GE(out[0].time_ns, last);
    last = out[0].time_ns;
    return out[0].state == ReadingState::ok && out[0].a >= 103;
  }));
}

TEST_F(TegrastatsProgram, ThatEndsMidwayFailsItsReadings) {
  const auto sensor = open_sensor(spec("echo 'RAM 1/2MB VDD_IN 5mW/5mW'\nexit 3\n"), *tree_);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  EXPECT_TRUE(read_until(**sensor, [](const std::vector<RawReading>& out) {
    return out[0].state == ReadingState::failed;
  }));
}

TEST_F(TegrastatsProgram, ThatEndsAtOnceIsAnErrorWithItsExitStatus) {
  const auto sensor = open_sensor(spec("exit 7\n"), *tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::io);
  EXPECT_NE(sensor.error().what.find("exit status 7"), std::string::npos);
}

TEST_F(TegrastatsProgram, ThatPrintsGarbageIsAParseError) {
  const auto sensor = open_sensor(spec("echo 'cannot open display'\nexit 0\n"), *tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::parse);
  EXPECT_NE(sensor.error().what.find("cannot open display"), std::string::npos);
}

TEST_F(TegrastatsProgram, ThatPrintsHalfALineIsWaitedForAndThenGivenUp) {
  ChipSpec half = spec("printf 'RAM 1/2MB VDD_IN 5mW'\nexec sleep 60\n");
  half.options["wait_ms"] = "100";
  const auto sensor = open_sensor(half, *tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::timeout);
}

TEST_F(TegrastatsProgram, WithoutRailsSaysToBeRoot) {
  const auto sensor = open_sensor(spec("echo 'RAM 1/2MB CPU [1%@729]'\nexec sleep 60\n"), *tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::no_data);
  EXPECT_NE(sensor.error().remedy.find("root"), std::string::npos);
}

}  // namespace
}  // namespace isojoule
