#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"
#include "knob/nvpmodel/mode_nodes.h"
#include "knob/nvpmodel/program.h"
#include "knob/nvpmodel/real_confs.h"

namespace isojoule {
namespace {

using fake::ClockDomain;

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kConf = "/etc/nvpmodel.conf";
const std::string kStatus = "/var/lib/nvpmodel/status";
const std::string kCpu = "/sys/devices/system/cpu/cpu";
const std::string kGpu = "/sys/devices/gpu/devfreq/gpu";
const std::string kEmc = "/sys/kernel/nvpmodel_clk_cap/emc";
const std::string kIsoCap = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap";
const std::string kDla = "/sys/devices/platform/host1x/nvdla0/acm/clk_cap/dla0_core";
const std::string kMask = "/sys/devices/gpu.0/tpc_pg_mask";
const std::string kControl = "/sys/devices/gpu.0/power/control";
const std::string kLimit = "/sys/bus/i2c/devices/1-0040/hwmon/hwmon3/curr1_max";
const std::vector<std::int64_t> kOrinCpu = {115200, 729600, 1190400, 1497600, 1984000};
const std::vector<std::int64_t> kOrinGpu = {306000000, 408000000, 612000000, 918000000};
const std::vector<std::int64_t> kNanoCpu = {102000, 518400, 921600, 1224000, 1479000};
const std::vector<std::int64_t> kNanoGpu = {76800000, 307200000, 614400000, 921600000};

std::string corpus(const std::string& name) {
  return nvpmodel::content(std::filesystem::path(ISOJOULE_SOURCE_DIR) / "src/knob/nvpmodel/corpus" /
                           name);
}

// No mode of it needs a reboot.
std::string without_reboot() {
  std::string text = corpus("jetpack5.conf");
  text.replace(text.find("TPC_PG_MASK 252"), 15, "TPC_PG_MASK 240");
  return text;
}

KnobSpec spec() {
  KnobSpec spec;
  spec.type = "nvpmodel";
  spec.axis = "power_mode";
  spec.nodes = {kConf};
  return spec;
}

ClockDomain domain(const std::vector<std::int64_t>& table, bool ordered) {
  ClockDomain start;
  start.table = table;
  start.governors = fake::cpu_governors();
  start.governor = "schedutil";
  start.ordered = ordered;
  return start;
}

// A core that takes its cluster's folder away and brings it back with the limits that it had.
std::shared_ptr<fake::Cell> add_core(MemoryTree& tree, int number) {
  const std::string core = kCpu + std::to_string(number);
  auto state = std::make_shared<std::shared_ptr<ClockDomain>>();
  *state = fake::add_domain(tree, core + "/cpufreq", fake::kCpufreq, domain(kOrinCpu, false));
  return fake::add_cell(tree, core + "/online", "1",
                        [&tree, state, core](const std::string& text) -> Result<std::string> {
                          if (text != "0" && text != "1") return fake::refused(core + "/online");
                          const bool is_there = tree.exists(core + "/cpufreq");
                          if (text == "0" && is_there) tree.remove(core + "/cpufreq");
                          if (text == "1" && !is_there)
                            *state =
                                fake::add_domain(tree, core + "/cpufreq", fake::kCpufreq, **state);
                          return text;
                        });
}

// The board of jetpack5.conf in the mode MAX.
void add_orin(MemoryTree& tree, const std::string& conf = without_reboot()) {
  tree.add_text(kConf, conf);
  for (const int core : {0, 4}) add_core(tree, core);
  ClockDomain gpu = domain(kOrinGpu, false);
  gpu.rounding = 1000;
  fake::add_domain(tree, kGpu, fake::kDevfreq, gpu);
  for (const int core : {0, 4})
    (void)tree.write(kCpu + std::to_string(core) + "/cpufreq/scaling_min_freq", "729600");
  fake::add_clock_cap(tree, kEmc, {204000000, 665600000, 2133000000, 3199000000});
  fake::add_clock_cap(tree, kDla, {153600000, 614400000, 1600000000});
  fake::add_cell(tree, kMask, "240");
  fake::add_cell(tree, kControl, "auto");
  fake::add_cell(tree, kLimit, "5000", [](const std::string& text) -> Result<std::string> {
    return std::to_string(*fake::whole_number(text) / 8 * 8);  // the chip's step
  });
  fake::add_cell(tree, kStatus, "pmode:0000");
}

// The board of jetpack4.conf: kernel 4.9, no status file.
void add_nano(MemoryTree& tree) {
  tree.add_text(kConf, corpus("jetpack4.conf"));
  fake::add_cores(tree, 4);
  fake::add_domain(tree, kCpu + "0/cpufreq", fake::kCpufreq, domain(kNanoCpu, true));
  fake::add_domain(tree, kGpu, fake::kDevfreq, domain(kNanoGpu, true));
  fake::add_cell(tree, kIsoCap, "0");
}

// NVIDIA's program: sets the nodes itself, keeps the status file.
void add_program(MemoryTree& tree) {
  tree.add_program("nvpmodel", [&tree](const std::vector<std::string>& command) {
    const auto conf = *nvpmodel::parse_conf(*tree.read(kConf), kConf);
    if (command.at(1) == "-q") {
      const int id = *nvpmodel::parse_status(*tree.read(kStatus), kStatus);
      return Result<std::string>("NV Fan Mode:quiet\nNV Power Mode: " + conf.find_mode(id)->name +
                                 "\n" + std::to_string(id) + "\n");
    }
    const auto* mode = conf.find_mode(std::stoi(command.at(2)));
    nvpmodel::ModeNodes nodes(conf, tree, "program");
    nodes.remember_present();
    if (const auto status = nodes.write(*mode); !status)
      return Result<std::string>(
          "NVPM ERROR: Error opening /sys/devices/system/cpu/cpu1/online: 13\n");
    (void)tree.write(kStatus, nvpmodel::status_with("", mode->id));
    return Result<std::string>("");
  });
}

void scramble_nano(MemoryTree& tree, unsigned state) {
  for (int core = 1; core < 4; ++core)
    (void)tree.write(kCpu + std::to_string(core) + "/online", std::to_string(state >> core & 1));
  const auto a = kNanoCpu[state % 5], b = kNanoCpu[state / 5 % 5];
  (void)tree.write(kCpu + "0/cpufreq/scaling_min_freq", std::to_string(std::min(a, b)));
  (void)tree.write(kCpu + "0/cpufreq/scaling_max_freq", std::to_string(std::max(a, b)));
  const auto c = kNanoGpu[state % 4], d = kNanoGpu[state / 4 % 4];
  (void)tree.write(kGpu + "/min_freq", std::to_string(std::min(c, d)));
  (void)tree.write(kGpu + "/max_freq", std::to_string(std::max(c, d)));
  (void)tree.write(kIsoCap, std::to_string(state));
}

const bool added = add_knob_fixture({"power modes by nodes (JetPack 4)",
                                     spec(),
                                     add_nano,
                                     Unit::none,
                                     {kGpu, kIsoCap, kCpu + "3/online"},
                                     scramble_nano}) &&
                   add_knob_fixture({"power modes by nodes (JetPack 5)",
                                     spec(),
                                     [](MemoryTree& tree) { add_orin(tree); },
                                     Unit::none,
                                     {kGpu + "/max_freq", kEmc, kLimit}}) &&
                   add_knob_fixture({"power modes by the program",
                                     spec(),
                                     [](MemoryTree& tree) {
                                       add_orin(tree);
                                       add_program(tree);
                                     },
                                     Unit::none,
                                     {kGpu + "/min_freq", kDla}});

struct Orin {
  explicit Orin(const std::string& conf = without_reboot()) {
    add_orin(tree, conf);
    auto opened = open_knob(spec(), tree);
    EXPECT_TRUE(opened.has_value()) << to_string(opened.error());
    knob = std::move(*opened);
  }
  std::string text(const std::string& path) { return *read_line(tree, path); }
  MemoryTree tree;
  fake::ManualClock clock;
  std::unique_ptr<Knob> knob;
};

TEST(Nvpmodel, ModesInTheFilesOrder) {
  Orin orin;
  EXPECT_EQ(orin.knob->values(), (std::vector<Value>{"MAX", "25W", "15W", "10W"}));
  EXPECT_EQ(orin.knob->get(), Value("MAX"));
}

TEST(Nvpmodel, EveryNodeOfAModeIsWritten) {
  Orin orin;
  ASSERT_EQ(orin.knob->set("15W", orin.clock, kDeadline), Value("15W"));
  EXPECT_EQ(orin.text(kCpu + "0/online"), "1");
  EXPECT_EQ(orin.text(kCpu + "4/online"), "0");
  EXPECT_EQ(orin.text(kCpu + "0/cpufreq/scaling_max_freq"), "729600");  // nearest to 700000
  EXPECT_EQ(orin.text(kCpu + "0/cpufreq/scaling_min_freq"), "115200");
  EXPECT_EQ(orin.text(kGpu + "/max_freq"), "612000000");
  EXPECT_EQ(orin.text(kGpu + "/min_freq"), "306000000");
  EXPECT_EQ(orin.text(kEmc), "2133000000");
  EXPECT_EQ(orin.text(kDla), "614400000");
  EXPECT_EQ(orin.text(kControl), "auto");
  EXPECT_EQ(orin.text(kLimit), "3000");
  EXPECT_EQ(orin.text(kStatus), "pmode:0002");
  ASSERT_EQ(orin.knob->set("MAX", orin.clock, kDeadline), Value("MAX"));
  EXPECT_EQ(orin.text(kCpu + "4/cpufreq/scaling_max_freq"), "1984000");
  EXPECT_EQ(orin.text(kEmc), "3199000000");
}

TEST(Nvpmodel, AModeThatNeedsARebootIsRefusedBeforeAnythingIsWritten) {
  for (const bool by_program : {false, true}) {
    Orin orin(corpus("jetpack5.conf"));
    if (by_program) {
      add_program(orin.tree);
      orin.knob = std::move(*open_knob(spec(), orin.tree));
    }
    const auto before = orin.tree.snapshot();
    const auto result = orin.knob->set("10W", orin.clock, kDeadline);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::unsupported);
    EXPECT_NE(result.error().what.find("TPC_PG_MASK 252, the GPU started with 240"),
              std::string::npos);
    EXPECT_NE(result.error().remedy.find("nvpmodel -m 1"), std::string::npos);
    EXPECT_EQ(orin.tree.snapshot(), before);
  }
}

TEST(Nvpmodel, WhatWasNotReachedIsNamed) {
  Orin orin;
  fake::add_cell(orin.tree, kDla, "1600000000")->ignore = true;
  const auto result = orin.knob->set("25W", orin.clock, kDeadline);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::not_reached);
  EXPECT_NE(result.error().what.find("DLA0_CORE MAX_FREQ reads 1600000000 instead of 614400000"),
            std::string::npos);
  EXPECT_EQ(result.error().tried, kDla);
  EXPECT_EQ(orin.clock.time.ns, kDeadline.ns);
}

// nvpmodel_emc_cap shows what it was given: any number is a cap, the highest of the modes too, and
// one that no mode knows.
TEST(Nvpmodel, AWrittenCapIsNotTakenForNone) {
  for (const std::string other_mode : {"1600000000", "0"}) {
    MemoryTree tree;
    fake::ManualClock clock;
    add_nano(tree);
    std::string conf = corpus("jetpack4.conf");
    conf.replace(conf.find("EMC MAX_FREQ 1600000000"), 23, "EMC MAX_FREQ " + other_mode);
    tree.add_text(kConf, conf);
    fake::add_cell(tree, kIsoCap, "1600000000")->ignore = true;
    const auto result = (*open_knob(spec(), tree))->set("ALL", clock, kDeadline);
    ASSERT_FALSE(result.has_value()) << other_mode;
    EXPECT_EQ(result.error().kind, ErrorKind::not_reached);
    EXPECT_EQ(result.error().tried, kIsoCap);
  }
}

// The highest cap of the modes below the clock's own end: it is lifted here, then it is known.
TEST(Nvpmodel, ACapThatTheProgramLeftBehindIsLifted) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  ASSERT_TRUE(tree.write(kEmc, "2133000000"));
  tree.add_program("nvpmodel", [](const std::vector<std::string>& command) {
    return Result<std::string>(command.at(1) == "-q" ? "NV Power Mode: MAX\n0\n" : "");
  });
  EXPECT_EQ((*open_knob(spec(), tree))->set("MAX", clock, kDeadline), Value("MAX"));
  EXPECT_EQ(read_line(tree, kEmc), "3199000000");
}

TEST(Nvpmodel, AClockThatEndsAtTheHighestCapNeedsNoMore) {
  for (const bool by_program : {false, true}) {
    MemoryTree tree;
    fake::ManualClock clock;
    add_orin(tree);
    fake::add_clock_cap(tree, kDla, {153600000, 614400000});
    if (by_program) add_program(tree);
    const auto knob = open_knob(spec(), tree);
    EXPECT_EQ((*knob)->set("15W", clock, kDeadline), Value("15W"));
    EXPECT_EQ((*knob)->set("MAX", clock, kDeadline), Value("MAX"));
    fake::add_clock_cap(tree, kDla, {153600000})->ignore = true;
    EXPECT_FALSE((*knob)->set("MAX", clock, kDeadline));
  }
}

TEST(Nvpmodel, ThePathOfTheNextKernelIsTaken) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  tree.remove(kGpu);
  const std::string next = "/sys/devices/gpu/devfreq_dev";
  fake::add_domain(tree, next, fake::kDevfreq, domain(kOrinGpu, false));
  const auto knob = open_knob(spec(), tree);
  ASSERT_EQ((*knob)->set("25W", clock, kDeadline), Value("25W"));
  EXPECT_EQ(read_line(tree, next + "/max_freq"), "408000000");
}

TEST(Nvpmodel, APartThatTheBoardNeverHadIsPassedOver) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  tree.remove(kDla);
  tree.remove(kLimit);
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->set("25W", clock, kDeadline), Value("25W"));
}

TEST(Nvpmodel, StatusKeepsTheFansMode) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  fake::add_cell(tree, kStatus, "pmode:0000 fmode:quiet");
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE((*knob)->set("25W", clock, kDeadline).has_value());
  EXPECT_EQ(read_line(tree, kStatus), "pmode:0003 fmode:quiet");
}

TEST(Nvpmodel, SavesCoresThatAreOnFirstAndTheStatusLast) {
  Orin orin;
  ASSERT_TRUE(orin.knob->set("15W", orin.clock, kDeadline).has_value());
  const auto saved = *orin.knob->save();
  EXPECT_EQ(saved.front().path, kCpu + "0/online");
  EXPECT_EQ(saved[saved.size() - 2].path, kCpu + "4/online");
  EXPECT_EQ(saved.back().path, kStatus);
  EXPECT_EQ(saved.back().lasts, SavedNode::Lasts::disk);
  EXPECT_EQ(saved.front().lasts, SavedNode::Lasts::from_disk);
  for (const auto& node : saved) EXPECT_NE(node.path, kMask);  // never written
  const auto place = [&](const std::string& path) {
    return std::find_if(saved.begin(), saved.end(),
                        [&](const SavedNode& node) { return node.path == path; });
  };
  EXPECT_LT(place(kGpu + "/min_freq"), place(kGpu + "/max_freq"));
  EXPECT_NE(place(kGpu + "/max_freq"), saved.end());
}

// The program would make the file, and nothing could take it away again.
TEST(Nvpmodel, WithoutAStatusFileTheProgramIsNotCalled) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  tree.remove(kStatus);
  int calls = 0;
  tree.add_program("nvpmodel", [&](const std::vector<std::string>& command) {
    if (command.at(1) != "-q") ++calls;
    return Result<std::string>("NV Power Mode: MAX\n0\n");
  });
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(knob) << to_string(knob.error());
  const auto set = (*knob)->set("15W", clock, kDeadline);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::unsupported);
  EXPECT_NE(set.error().remedy.find("nvpmodel -m"), std::string::npos);
  EXPECT_EQ(calls, 0);
}

TEST(Nvpmodel, WhatTheProgramRefusesIsRecognised) {
  const std::vector<std::pair<Result<std::string>, ErrorKind>> rows = {
      {std::string("NVPM WARN: Golden image context is already created\n"
                   "NVPM WARN: Reboot required for changing to this power mode: 3\n"
                   "NVPM WARN: DO YOU WANT TO REBOOT NOW? enter YES/yes to confirm:\n"),
       ErrorKind::unsupported},
      {fail(ErrorKind::io, "nvpmodel: ended with 255: NVPM ERROR: bad input!"),
       ErrorKind::unsupported},
      {std::string("NVPM ERROR: optMask is 1, no request for power mode\n"),
       ErrorKind::unsupported},
      {std::string("Running in chroot, ignoring request.\n"), ErrorKind::unsupported},
      {std::string("NVPM ERROR: Error opening /sys/x: 13\n"), ErrorKind::permission_denied},
      {std::string("NVPM ERROR: failed to set power mode!\n"), ErrorKind::not_reached},
      {fail(ErrorKind::io, "nvpmodel: ended with 1: NVPM ERROR: no"), ErrorKind::io},
      {fail(ErrorKind::timeout, "nvpmodel: no end in sight"), ErrorKind::timeout},
      {std::string(""), ErrorKind::not_reached},  // it says nothing and does nothing
  };
  for (const auto& [answer, kind] : rows) {
    MemoryTree tree;
    fake::ManualClock clock;
    add_orin(tree);
    const auto reply = answer;
    tree.add_program("nvpmodel", [reply](const std::vector<std::string>& command) {
      return command.at(1) == "-q" ? Result<std::string>("NV Power Mode: MAX\n0\n") : reply;
    });
    const auto knob = open_knob(spec(), tree);
    ASSERT_TRUE(knob.has_value());
    const auto result = (*knob)->set("25W", clock, kDeadline);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, kind) << to_string(result.error());
    if (reply && reply->find("failed to set") != std::string::npos) {
      EXPECT_NE(result.error().what.find("failed to set power mode!"), std::string::npos);
    }
    EXPECT_EQ((*knob)->get(), Value("MAX"));
  }
}

TEST(NvpmodelProgram, ReadsWhatTheQuerySays) {
  const auto conf = *nvpmodel::parse_conf(corpus("jetpack5.conf"), "conf");
  using nvpmodel::parse_query;
  EXPECT_EQ(parse_query("NV Power Mode: 25W\n3\n", conf), 3);
  EXPECT_EQ(parse_query("NV Fan Mode:quiet\nNV Power Mode: 25W\n3\n", conf), 3);
  EXPECT_EQ(
      parse_query("NVPM ERROR: Error opening /sys/kernel/x: 13\nNV Power Mode:15W\r\n2", conf), 2);
  EXPECT_EQ(parse_query("NVPM WARN: fan mode is not set!\nNV Power Mode: 15W\n", conf), 2);
  EXPECT_EQ(parse_query("NV Power Mode: 60W\n9\n", conf).error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_query("", conf).error().kind, ErrorKind::parse);
}

TEST(Nvpmodel, AnErrorLineAboutANodeThatIsNotThereDoesNotCount) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_orin(tree);
  const auto conf = *nvpmodel::parse_conf(without_reboot(), kConf);
  tree.add_program("nvpmodel", [&](const std::vector<std::string>& command) -> Result<std::string> {
    if (command.at(1) == "-q") return "NV Power Mode: x\n" + read_line(tree, kStatus)->substr(8);
    nvpmodel::ModeNodes nodes(conf, tree, "program");
    (void)nodes.write(*conf.find_mode(std::stoi(command.at(2))));
    (void)tree.write(kStatus, "pmode:000" + command.at(2));
    return std::string("NVPM ERROR: Error opening /sys/devices/none: 2\n");
  });
  const auto knob = open_knob(spec(), tree);
  EXPECT_EQ((*knob)->set("25W", clock, kDeadline), Value("25W"));
}

TEST(NvpmodelProgram, ReadsTheStatusFile) {
  using nvpmodel::parse_status;
  EXPECT_EQ(parse_status("pmode:0002", "s"), 2);
  EXPECT_EQ(parse_status("pmode:0010 fmode:cool\n", "s"), 10);
  EXPECT_EQ(parse_status("", "s").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_status("pmode:", "s").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_status("pmode:-1", "s").error().kind, ErrorKind::parse);
}

TEST(Nvpmodel, AStatusWithAModeThatTheFileDoesNotHaveIsSaid) {
  Orin orin;
  ASSERT_TRUE(orin.tree.write(kStatus, "pmode:0008").has_value());
  const auto now = orin.knob->get();
  ASSERT_FALSE(now.has_value());
  EXPECT_NE(now.error().what.find("the mode is 8"), std::string::npos);
}

TEST(Nvpmodel, WithoutAStatusTheNodesThenTheDefaultSay) {
  MemoryTree tree;
  fake::ManualClock clock;
  add_nano(tree);
  const auto knob = open_knob(spec(), tree);
  EXPECT_EQ((*knob)->get(), Value("ALL"));
  ASSERT_TRUE((*knob)->set("HALF", clock, kDeadline).has_value());
  EXPECT_EQ((*knob)->get(), Value("HALF"));
  ASSERT_TRUE(tree.write(kIsoCap, "12345").has_value());
  EXPECT_EQ((*knob)->get(), Value("ALL"));  // no mode holds: the file's default
}

}  // namespace
}  // namespace isojoule
