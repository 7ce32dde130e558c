#include "knob/nvpmodel/conf.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>

#include "knob/nvpmodel/conf_check.h"
#include "knob/nvpmodel/real_confs.h"

namespace isojoule::nvpmodel {
namespace {

const std::filesystem::path kCorpus =
    std::filesystem::path(ISOJOULE_SOURCE_DIR) / "src/knob/nvpmodel/corpus";

Conf parsed(const std::string& text) {
  auto conf = parse_conf(text, "conf");
  EXPECT_TRUE(conf.has_value()) << to_string(conf.error());
  return conf ? std::move(*conf) : Conf();
}

TEST(NvpmodelConf, JetPack4) {
  const Conf conf = parsed(content(kCorpus / "jetpack4.conf"));
  ASSERT_EQ(conf.params.size(), 4u);
  EXPECT_EQ(conf.params[0].type, ParamType::file);
  EXPECT_EQ(conf.params[1].type, ParamType::clock);
  EXPECT_EQ(conf.params[1].find("MIN_FREQ")->path,
            "/sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq");
  ASSERT_EQ(conf.modes.size(), 2u);
  EXPECT_EQ(conf.find_mode("HALF")->id, 1);
  const Assignment& last = conf.modes[1].assignments.back();
  EXPECT_EQ(last.param + last.argument, "EMCMAX_FREQ");
  EXPECT_EQ(last.number, 1600000000);
  EXPECT_EQ(conf.modes[0].assignments[4].number, -1);
  EXPECT_EQ(conf.default_mode, 0);
  EXPECT_EQ(conf.other_sections, std::vector<std::string>{"FAN_CONFIG DEFAULT=quiet"});
}

TEST(NvpmodelConf, JetPack5) {
  const Conf conf = parsed(content(kCorpus / "jetpack5.conf"));
  EXPECT_EQ(conf.find_param("GPU")->arguments.size(), 6u);
  EXPECT_EQ(conf.find_param("GPU")->find("MAX_FREQ_KNEXT")->path,
            "/sys/devices/gpu/devfreq_dev/max_freq");
  const Argument& warn = *conf.find_param("INPUT_LIMIT")->find("WARN");
  EXPECT_EQ(warn.path, "/sys/bus/i2c/devices/1-0040/hwmon");
  EXPECT_EQ(warn.file, "curr1_max");
  std::vector<int> ids;
  for (const Mode& mode : conf.modes) ids.push_back(mode.id);
  EXPECT_EQ(ids, (std::vector<int>{0, 3, 2, 1}));  // the text's order
  EXPECT_EQ(conf.default_mode, 2);
}

TEST(NvpmodelConf, TakesOddSpaces) {
  const Conf conf = parsed(content(kCorpus / "odd_spaces.conf"));
  EXPECT_EQ(to_text(conf),
            "< PARAM TYPE=FILE NAME=X >\nA /a\n< POWER_MODEL ID=7 NAME=M >\nX A on\n"
            "< PM_CONFIG DEFAULT=7 >\n");
}

TEST(NvpmodelConf, FaultsNameTheLine) {
  const std::string head = "< PARAM TYPE=CLOCK NAME=C >\nMAX_FREQ /a\n";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {head + "MAX_FREQ /b\n", "conf:3: 'MAX_FREQ' stands twice"},
      {head + "MIN_FREQ b\n", "conf:3: 'b' is no absolute path"},
      {head + "MIN_FREQ\n", "conf:3: a line of PARAM C has 2 words, not 1"},
      {head + "< PARAM TYPE=CLOCK NAME=C >\n", "conf:3: a second PARAM of the name 'C'"},
      {head + "< PARAM TYPE=KNOB NAME=D >\n", "conf:3: TYPE=KNOB is none of FILE, CLOCK, HWMON"},
      {head + "< PARAM NAME=D >\n", "conf:3: the section has no TYPE"},
      {head + "< PARAM NAME=D NAME=E >\n", "conf:3: 'NAME' stands twice"},
      {head + "< PARAM NAME >\n", "conf:3: 'NAME' is not KEY=VALUE"},
      {head + "\n< POWER_MODEL ID=0 NAME=M\n", "conf:4: the section has no '>'"},
      {head + "< POWER_MODEL ID=x NAME=M >\n", "conf:3: ID=x is not a number"},
      {head + "< POWER_MODEL ID=0 NAME=M >\nC MAX_FREQ\n",
       "conf:4: a line of POWER_MODEL M has 3 words (PARAM ARGUMENT value), not 2"},
      {head + "< POWER_MODEL ID=0 NAME=M >\nD MAX_FREQ 1\n", "conf:4: no PARAM has the name 'D'"},
      {head + "< POWER_MODEL ID=0 NAME=M >\nC MIN_FREQ 1\n", "conf:4: PARAM C has no 'MIN_FREQ'"},
      {head + "< POWER_MODEL ID=0 NAME=M >\nC MAX_FREQ 1.5\n",
       "conf:4: '1.5' is no frequency (a whole number, or -1)"},
      {head + "< POWER_MODEL ID=0 NAME=M >\n< POWER_MODEL ID=0 NAME=N >\n",
       "conf:4: a second POWER_MODEL with ID=0"},
      {head + "< POWER_MODEL ID=0 NAME=M >\n< POWER_MODEL ID=1 NAME=M >\n",
       "conf:4: a second POWER_MODEL of the name 'M'"},
      {head + "< POWER_MODEL ID=0 NAME=M >\n< PM_CONFIG DEFAULT=1 >\n",
       "conf:4: no POWER_MODEL has ID=1"},
      {head + "< PM_CONFIG DEFAULT=0 >\nC MAX_FREQ 1\n", "conf:4: 'C' stands behind PM_CONFIG"},
      {"C MAX_FREQ 1\n", "conf:1: 'C' stands in no section"},
  };
  for (const auto& [text, message] : rows) {
    const auto conf = parse_conf(text, "conf");
    ASSERT_FALSE(conf.has_value()) << text;
    EXPECT_EQ(conf.error().kind, ErrorKind::parse);
    EXPECT_EQ(conf.error().what.substr(0, message.size()), message);
  }
  EXPECT_EQ(parse_conf(head, "conf").error().kind, ErrorKind::no_data);
  EXPECT_EQ(parse_conf("", "conf").error().kind, ErrorKind::no_data);
}

TEST(NvpmodelConf, TheKeptCorpusHolds) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    EXPECT_TRUE(conf_holds(content(entry.path()))) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 12);
}

// A good text with bytes changed, taken away or doubled.
TEST(NvpmodelConf, DamagedTextsHold) {
  const std::string good = content(kCorpus / "jetpack5.conf");
  rc::check([&](const std::vector<std::pair<unsigned, char>>& changes) {
    std::string text = good;
    for (const auto& [number, byte] : changes) {
      const std::size_t at = number % text.size();
      if (number % 3 == 0)
        text[at] = byte;
      else if (number % 3 == 1)
        text.erase(at, 1 + static_cast<unsigned char>(byte) % 40);
      else
        text.insert(at, text.substr(at / 2, static_cast<unsigned char>(byte)));
      if (text.empty()) text = "<";
    }
    RC_ASSERT(conf_holds(text));
  });
}

TEST(NvpmodelConf, RealFilesAreRead) {
  const auto paths = real_confs();
  if (paths.empty()) GTEST_SKIP() << "skipped: no shared data";
  std::map<std::string, std::string> modes;
  std::map<std::string, std::int64_t> gpu;  // Orin NX 16 GB
  for (const auto& path : paths) {
    SCOPED_TRACE(path.string());
    const std::string name = path.filename().string();
    const std::string text = content(path);
    EXPECT_TRUE(conf_holds(text));
    const Conf conf = parsed(text);
    EXPECT_TRUE(conf.default_mode.has_value());
    EXPECT_TRUE(conf.other_sections.empty());
    for (const Mode& mode : conf.modes) {
      modes[name.substr(0, name.find('@'))] += std::to_string(mode.id) + ":" + mode.name + " ";
      for (const Assignment& one : mode.assignments)
        if (name.find("p3767_0000") != std::string::npos && one.param == "GPU" &&
            one.argument == "MAX_FREQ")
          gpu[mode.name] = one.number;
    }
  }
  EXPECT_EQ(modes["nvpmodel_p3767_0000"], "0:MAXN 1:10W 2:15W 3:25W ");
  EXPECT_EQ(modes["nvpmodel_p3767_0003"], "0:15W 1:7W ");
  EXPECT_EQ(modes["nvpmodel_p3701_0000"], "0:MAXN 1:MODE_15W 2:MODE_30W 3:MODE_50W ");
  EXPECT_EQ(gpu["25W"], 408000000);  // below the 15W mode's
  EXPECT_EQ(gpu["15W"], 612000000);
}

}  // namespace
}  // namespace isojoule::nvpmodel
