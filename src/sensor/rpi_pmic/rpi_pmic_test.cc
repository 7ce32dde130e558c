#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sensor/background_reader.h"
#include "sensor/rpi_pmic/pmic_adc.h"
#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
std::int64_t allocations_of_this_thread();

namespace {

// As a Raspberry Pi 5 Model B Rev 1.0 (2 GB) with four busy cores printed it; from the tests of
// ml-energy/zeus (Apache-2.0).
constexpr const char* kDump = R"( 3V7_WL_SW_A current(0)=0.09368929A
   3V3_SYS_A current(1)=0.08783370A
   1V8_SYS_A current(2)=0.18054710A
  DDR_VDD2_A current(3)=0.22543980A
  DDR_VDDQ_A current(4)=0.06666720A
   1V1_SYS_A current(5)=0.17566740A
    0V8_SW_A current(6)=0.37670900A
  VDD_CORE_A current(7)=6.22421000A
   3V3_DAC_A current(17)=0.00006105A
   3V3_ADC_A current(18)=0.00036630A
   0V8_AON_A current(16)=0.00305250A
      HDMI_A current(22)=0.02417580A
 3V7_WL_SW_V volt(8)=3.69977600V
   3V3_SYS_V volt(9)=3.31003300V
   1V8_SYS_V volt(10)=1.80512600V
  DDR_VDD2_V volt(11)=1.10476100V
  DDR_VDDQ_V volt(12)=0.60146460V
   1V1_SYS_V volt(13)=1.11025500V
    0V8_SW_V volt(14)=0.80146440V
  VDD_CORE_V volt(15)=0.86173300V
   3V3_DAC_V volt(20)=3.31318300V
   3V3_ADC_V volt(21)=3.30677300V
   0V8_AON_V volt(19)=0.80029220V
      HDMI_V volt(23)=5.08664000V
     EXT5V_V volt(24)=5.09066000V
      BATT_V volt(25)=0.00000000V
)";

MemoryTree::RunFunction prints(std::string text) {
  return [text](const std::vector<std::string>& command) -> Result<std::string> {
    EXPECT_EQ(command, (std::vector<std::string>{"vcgencmd", "pmic_read_adc"}));
    return text;
  };
}

ChipSpec spec_of(std::vector<std::string> rails = {}) {
  ChipSpec spec;
  spec.type = "rpi_pmic";
  for (auto& rail : rails) spec.channels.push_back({0, std::move(rail), 0, {}});
  return spec;
}

const bool added = add_sensor_fixture(
    {"rpi_pmic of raspberry-pi-5",
     spec_of({"3V7_WL_SW", "3V3_SYS", "1V8_SYS", "DDR_VDD2", "DDR_VDDQ", "1V1_SYS", "0V8_SW",
              "VDD_CORE", "3V3_DAC", "3V3_ADC", "0V8_AON", "HDMI"}),
     [](MemoryTree& tree) { tree.add_program("vcgencmd", prints(kDump)); },
     {}});

TEST(PmicAdc, PairsByNameAndLeavesOutWhatHasNoCurrent) {
  const auto rails = rpi_pmic::parse_adc(kDump);
  ASSERT_TRUE(rails.has_value());
  ASSERT_EQ(rails->size(), 12u);
  // The numbers of HDMI and the order of 0V8_AON do not fit those of the voltages.
  for (const auto& rail : *rails) {
    EXPECT_NE(rail.name, "EXT5V");
    EXPECT_NE(rail.name, "BATT");
    if (rail.name == "0V8_AON") {
      EXPECT_DOUBLE_EQ(rail.voltage.value(), 0.80029220);
    }
    if (rail.name == "3V3_DAC") {
      EXPECT_DOUBLE_EQ(rail.voltage.value(), 3.31318300);
    }
    if (rail.name == "HDMI") {
      EXPECT_DOUBLE_EQ(rail.current.value(), 0.02417580);
    }
  }
}

TEST(PmicAdc, NanIsNoValueAndZeroIsOne) {
  const auto rails = rpi_pmic::parse_adc(
      "DDR_VDD2_A current(3)=0.00000000A\nDDR_VDD2_V volt(11)=1.1V\n"
      "HDMI_A current(22)=nanA\nHDMI_V volt(23)=5.0V\n"
      "1V1_SYS_A current(5)=0.1A\n1V1_SYS_V volt(13)=nanV\n"
      "BATT_V volt(25)=nanV\n");
  ASSERT_TRUE(rails.has_value());
  ASSERT_EQ(rails->size(), 1u);
  EXPECT_EQ(rails->front().name, "DDR_VDD2");
  EXPECT_EQ(rails->front().current.value(), 0);
}

TEST(PmicAdc, BothNamesOfOneRailAreOne) {
  const auto rails =
      rpi_pmic::parse_adc("0V8_SYS_A current(6)=0.3A\r\n0V8_SYS_V volt(14)=0.8V\r\n");
  ASSERT_TRUE(rails.has_value());
  EXPECT_EQ(rails->front().name, "0V8_SW");
}

TEST(PmicAdc, TheDumpLiesOnTheAssumedSteps) {
  // The small rails' currents are whole steps; this is what the assumption rests on.
  const double step = rpi_pmic::current_step("HDMI").value();
  for (const double current : {0.00006105, 0.00036630, 0.00305250, 0.02417580})
    EXPECT_NEAR(current / step, std::round(current / step), 0.01) << current;
}

TEST(PmicAdc, WhatIsNoDumpIsAParseErrorAndHalfALineIsLeftOut) {
  for (const char* text :
       {"", "Command not registered", "HDMI_A current(22)=0.02", "HDMI_A current(22)=0.02A",
        "_A current(1)=1A\n_V volt(1)=1V", "=\n =A\n"}) {
    const auto rails = rpi_pmic::parse_adc(text);
    ASSERT_FALSE(rails.has_value()) << text;
    EXPECT_EQ(rails.error().kind, ErrorKind::parse);
    EXPECT_FALSE(rails.error().remedy.empty());
  }
  const std::string dump(kDump);
  for (std::size_t size = 0; size < dump.size(); ++size) {
    const auto rails = rpi_pmic::parse_adc(dump.substr(0, size));
    if (rails) {
      EXPECT_LE(rails->size(), 12u);
    }
  }
}

std::vector<RawReading> read(Sensor& sensor, Clock& clock) {
  std::vector<RawReading> out(sensor.channels().size());
  sensor.read(clock, out);
  return out;
}

TEST(RpiPmic, OneCallGivesAllChannelsOneTime) {
  MemoryTree tree;
  int calls = 0;
  tree.add_program("vcgencmd", [&](const std::vector<std::string>&) -> Result<std::string> {
    ++calls;
    return std::string(kDump);
  });
  const auto sensor = open_sensor(spec_of(), tree);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  fake::TestClock clock;  // virtual: every read is a call, on this thread
  calls = 0;
  auto out = read(**sensor, clock);
  out = read(**sensor, clock);
  EXPECT_EQ(calls, 2);
  ASSERT_EQ(out.size(), 12u);
  double sum_w = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i].state, ReadingState::ok);
    EXPECT_EQ(out[i].time_ns, clock.now().ns);
    const ChannelInfo& info = (*sensor)->channels()[i];
    sum_w += out[i].a * info.step_a * out[i].b * info.step_b;
  }
  EXPECT_EQ(out[7].b, 6224210);
  EXPECT_NEAR(sum_w, 7.23982, 0.0001);  // the sum of the dump's products, by awk
}

TEST(RpiPmic, TheInputIsAnEstimateOnRequestAndLabelled) {
  MemoryTree tree;
  tree.add_program("vcgencmd", prints(kDump));
  ChipSpec spec = spec_of();
  const auto plain = open_sensor(spec, tree);
  for (const auto& channel : (*plain)->channels())
    EXPECT_EQ(channel.rail.find("ESTIMATE"), std::string::npos);
  spec.options["input_estimate"] = "yes";
  const auto sensor = open_sensor(spec, tree);
  ASSERT_TRUE(sensor.has_value());
  ASSERT_EQ((*sensor)->channels().size(), 13u);
  const ChannelInfo& info = (*sensor)->channels().back();
  EXPECT_EQ(info.rail, "INPUT_ESTIMATE");
  EXPECT_NE(info.sensor.find("estimate"), std::string::npos);
  EXPECT_GE(info.gain_uncertainty, 0.1);
  fake::TestClock clock;
  EXPECT_NEAR(read(**sensor, clock).back().a * 1e-3, 1.1451 * 7.23982 + 0.5879, 0.001);
  spec.options["input_estimate"] = "perhaps";
  EXPECT_EQ(open_sensor(spec, tree).error().kind, ErrorKind::invalid);
}

TEST(RpiPmic, FaultsWhenOpened) {
  MemoryTree tree;
  const auto missing = open_sensor(spec_of(), tree);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(missing.error().remedy.empty());
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::timeout, ErrorKind::unsupported}) {
    tree.add_program("vcgencmd", [kind](const std::vector<std::string>&) -> Result<std::string> {
      return fail(kind, "vcgencmd: exit status 255: VCHI initialization failed");
    });
    const auto sensor = open_sensor(spec_of(), tree);
    ASSERT_FALSE(sensor.has_value());
    EXPECT_EQ(sensor.error().kind, kind);
    EXPECT_EQ(sensor.error().tried, "vcgencmd pmic_read_adc");
  }
  // A Raspberry Pi 4 has the program and no such command.
  tree.add_program("vcgencmd", prints("error=1 error_msg=\"Command not registered\"\n"));
  EXPECT_EQ(open_sensor(spec_of(), tree).error().kind, ErrorKind::parse);
  tree.add_program("vcgencmd", prints(kDump));
  const auto partly = open_sensor(spec_of({"VDD_CORE", "VDD_CPU"}), tree);
  ASSERT_TRUE(partly.has_value());
  ASSERT_EQ((*partly)->problems().size(), 1u);
  EXPECT_NE((*partly)->problems()[0].what.find("VDD_CPU"), std::string::npos);
  ChipSpec spec = spec_of();
  spec.options["period_ms"] = "0";
  EXPECT_EQ(open_sensor(spec, tree).error().kind, ErrorKind::invalid);
}

TEST(RpiPmic, FaultsMidway) {
  MemoryTree tree;
  tree.add_program("vcgencmd", prints(kDump));
  const auto sensor = open_sensor(spec_of({"VDD_CORE", "HDMI"}), tree);
  ASSERT_TRUE(sensor.has_value());
  fake::TestClock clock;
  tree.add_program("vcgencmd",
                   prints("VDD_CORE_A current(7)=1A\nVDD_CORE_V volt(15)=0.9V\nHDMI_A "));
  auto out = read(**sensor, clock);
  EXPECT_EQ(out[0].state, ReadingState::ok);
  EXPECT_EQ(out[1].state, ReadingState::no_data);
  tree.add_program("vcgencmd", prints("garbage"));
  EXPECT_EQ(read(**sensor, clock)[0].state, ReadingState::failed);
  tree.add_program("vcgencmd", [](const std::vector<std::string>&) -> Result<std::string> {
    return fail(ErrorKind::timeout, "vcgencmd: no end in sight");
  });
  out = read(**sensor, clock);
  EXPECT_EQ(out[0].state, ReadingState::failed);
  EXPECT_EQ(out[0].a, 0);
}

// Programs of the real machine, called on the sensor's own thread.
class PmicProgram : public testing::Test {
 protected:
  PmicProgram() {
    char name[] = "/tmp/isojoule_vcgencmd_XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PmicProgram() override { std::filesystem::remove_all(folder_); }
  ChipSpec spec(const std::string& script) {
    const std::string path = folder_ + "/vcgencmd";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    chmod(path.c_str(), 0755);
    ChipSpec spec = spec_of();
    spec.options = {{"program", path}, {"period_ms", "10"}};
    return spec;
  }
  std::string folder_;
  std::unique_ptr<FileTree> tree_ = make_real_file_tree();
};

TEST_F(PmicProgram, IsCalledAgainAndAgainOnTheRealClock) {
  // Every call finds one milliampere more.
  const auto sensor = open_sensor(
      spec("n=$(cat " + folder_ + "/n 2>/dev/null || echo 100); echo $((n+1)) > " + folder_ +
           "/n\n[ \"$1\" = pmic_read_adc ] && echo \"HDMI_A current(22)=0.${n}A\" && "
           "echo 'HDMI_V volt(23)=5.0V'\n"),
      *tree_);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  const auto clock = make_real_clock();
  std::int64_t last = 0;
  int highest = 0;
  for (int i = 0; i < 2000 && highest < 105'000; ++i) {
    const auto out = read(**sensor, *clock);
    ASSERT_EQ(out[0].state, ReadingState::ok);
    EXPECT_GE(out[0].time_ns, last);
    last = out[0].time_ns;
    highest = out[0].b;
    clock->sleep_for(Duration::milliseconds(5));
  }
  EXPECT_GE(highest, 105'000);
}

TEST_F(PmicProgram, FaultsAreTyped) {
  const auto failing =
      open_sensor(spec("echo 'VCHI initialization failed' >&2\nexit 255\n"), *tree_);
  ASSERT_FALSE(failing.has_value());
  EXPECT_EQ(failing.error().kind, ErrorKind::io);
  EXPECT_NE(failing.error().what.find("VCHI initialization failed"), std::string::npos);
  const auto garbage = open_sensor(spec("echo hello\n"), *tree_);
  ASSERT_FALSE(garbage.has_value());
  EXPECT_EQ(garbage.error().kind, ErrorKind::parse);
  const auto hanging = open_sensor(spec("exec sleep 60\n"), *tree_);  // killed after two seconds
  ASSERT_FALSE(hanging.has_value());
  EXPECT_EQ(hanging.error().kind, ErrorKind::timeout);
}

TEST(RpiPmic, IsFoundOnARaspberryPiOnly) {
  MemoryTree tree;
  tree.add_program("vcgencmd", prints(kDump));
  const SensorKind* kind = nullptr;
  for (const auto& row : sensor_kinds())
    if (row.name == "rpi_pmic") kind = &row;
  ASSERT_NE(kind, nullptr);
  EXPECT_TRUE(kind->discover(tree).empty());
  tree.add_text("/proc/device-tree/model", std::string("Raspberry Pi 5 Model B Rev 1.0\0", 31));
  const auto found = kind->discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rails.size(), 12u);
  EXPECT_TRUE(open_sensor(found[0].spec, tree).has_value());
}

// ---- the thread that reads ahead ----------------------------------------------------------------

// Long enough that no stall of a busy machine sends the thread to rest.
constexpr Duration kHour = Duration::milliseconds(3'600'000);

// A source whose fetches are counted and can be held up.
struct SlowSource {
  std::atomic<int> fetches{0};
  std::atomic<bool> hold{false};
  std::atomic<bool> held{false};
  BackgroundReader::Fetch fetch() {
    return [this](Clock& clock, std::span<RawReading> out) {
      while (hold) {
        held = true;
        std::this_thread::yield();
      }
      const int n = ++fetches;
      for (auto& reading : out) reading = {clock.now().ns, n, n, ReadingState::ok};
    };
  }
};

TEST(BackgroundReader, OnAVirtualClockEveryReadIsAFetch) {
  SlowSource source;
  BackgroundReader reader(2, Duration::milliseconds(100), source.fetch());
  fake::TestClock clock;
  std::vector<RawReading> out(2);
  for (int i = 1; i <= 5; ++i) {
    reader.read(clock, out);
    EXPECT_EQ(out[1].a, i);
  }
}

TEST(BackgroundReader, ReadNeverWaitsForASlowSource) {
  SlowSource source;
  BackgroundReader reader(2, Duration::milliseconds(1), source.fetch(), kHour);
  const auto clock = make_real_clock();
  std::vector<RawReading> out(2);
  reader.read(*clock, out);  // fetches itself, and its thread may have done so again
  EXPECT_GE(out[0].a, 1);
  source.hold = true;
  while (!source.held) std::this_thread::yield();
  const int before = source.fetches;
  for (int i = 0; i < 1000; ++i) reader.read(*clock, out);  // would hang if it waited
  EXPECT_EQ(source.fetches, before);
  EXPECT_EQ(out[0].a, before);
  source.hold = false;
}

// With no patience at all the thread rests after every period, and reads fetch by themselves.
TEST(BackgroundReader, AThreadThatRestsIsWokenByTheNextRead) {
  SlowSource source;
  BackgroundReader reader(1, Duration::milliseconds(1), source.fetch(), Duration{0});
  const auto clock = make_real_clock();
  std::vector<RawReading> out(1);
  while (out[0].a < 5) {  // would not end if nobody woke it
    reader.read(*clock, out);
    ASSERT_NE(out[0].time_ns, 0);
  }
}

TEST(BackgroundReader, ReadingsOfOneFetchStayTogether) {
  SlowSource source;
  BackgroundReader reader(2, Duration::milliseconds(1), source.fetch(), kHour);
  const auto clock = make_real_clock();
  std::vector<RawReading> out(2);
  std::int64_t last = 0;
  while (source.fetches < 20) {
    reader.read(*clock, out);
    EXPECT_EQ(out[0].a, out[1].b);
    EXPECT_GE(out[0].time_ns, last);
    last = out[0].time_ns;
  }
}

TEST(BackgroundReader, ReadingAllocatesNothing) {
  SlowSource source;
  BackgroundReader reader(2, Duration::milliseconds(1), source.fetch(), kHour);
  const auto clock = make_real_clock();
  std::vector<RawReading> out(2);
  reader.read(*clock, out);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) reader.read(*clock, out);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

// A clock that is not virtual and is moved by hand shows what age does.
TEST(BackgroundReader, OldReadingsAreFailed) {
  SlowSource source;
  BackgroundReader reader(1, Duration::milliseconds(1), source.fetch(), kHour);
  const auto clock = make_real_clock();
  std::vector<RawReading> out(1);
  reader.read(*clock, out);
  source.hold = true;
  while (!source.held) std::this_thread::yield();
  class Later final : public Clock {
    Instant do_now() override { return make_real_clock()->now() + kHour * 2; }
    void do_sleep_until(Instant) override {}
    std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override { return {}; }
    bool do_is_virtual() const override { return false; }
  } later;
  reader.read(later, out);
  EXPECT_EQ(out[0].state, ReadingState::failed);
  source.hold = false;
}

}  // namespace
}  // namespace isojoule
