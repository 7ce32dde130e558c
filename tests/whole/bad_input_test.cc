// What users get wrong: each ends with one line that says what to do, status 2, and nothing left
// behind.
#include "whole/program.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace isojoule::test {
namespace {

// One line, status 2, every word there, and no file but those that were there before.
void expect_refused(const Workplace& place, const std::vector<std::string>& arguments,
                    const std::vector<std::string>& words) {
  const auto before = place.files();
  const Outcome outcome = place.run(arguments);
  EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  for (const auto& word : words)
    EXPECT_NE(outcome.err.find(word), std::string::npos)
        << "'" << word << "' not in: " << outcome.err;
  EXPECT_EQ(place.files(), before);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class BadPlan : public testing::Test {
 protected:
  void refuse(const std::string& plan, const std::vector<std::string>& words,
              const std::string& board = "twin:jetson-nano") const {
    const std::string path = place_.write("plan.toml", plan);
    expect_refused(place_, {"sweep", path, "--board", board, "-o", place_.path("a.study")}, words);
  }
  Workplace place_;
};

TEST_F(BadPlan, MalformedNamesLineAndColumn) {
  refuse(small_plan(1) + "repeats = = 3\n", {"plan.toml:15:11"});
}
TEST_F(BadPlan, UnknownAxisNamesTheNearest) {
  refuse(replaced(small_plan(1), "gpu_frequency_hz", "gpu_frequenzy_hz"), {"gpu_frequency"});
}
TEST_F(BadPlan, AClockThatIsPinnedAndCappedIsRefused) {
  refuse(replaced(small_plan(1), "axes = { ", "axes = { cpu_maximum_frequency_khz = [1479000], "),
         {"cpu_maximum_frequency", "Name one of the two"});
}
TEST_F(BadPlan, UnknownBoardNamesTheNearest) {
  refuse(small_plan(1), {"jetson-nano"}, "twin:jetson-nanno");
}
TEST_F(BadPlan, UnknownNetworkNamesTheNearest) {
  refuse(replaced(small_plan(1), "alexnet", "alexnett"), {"alexnett", "alexnet'"});
}
TEST_F(BadPlan, AFrequencyThatTheBoardLacksNamesTheTwoNearest) {
  refuse(replaced(small_plan(1), "614400000", "650000000"), {"614400000", "691200000"});
}
TEST_F(BadPlan, UnknownKeyNamesTheNearest) {
  refuse(replaced(small_plan(1), "repeats", "repeets"), {"repeets", "repeats"});
}
TEST_F(BadPlan, TheBoardOfAnotherMachineIsRefused) {
  refuse(small_plan(1), {"jetson-nano", "twin:jetson-nano"}, "jetson-nano");
}

TEST(BadModel, TruncatedForeignMissing) {
  const Workplace place;
  const std::string whole = place.path("m.onnx");
  ASSERT_EQ(place.run({"zoo", "export", "mobilenet-v2", "-o", whole}).status, 0);
  std::ifstream file(whole, std::ios::binary);
  std::string half(1'000'000, '\0');
  file.read(half.data(), static_cast<std::streamsize>(half.size()));
  expect_refused(place, {"cost", place.write("half.onnx", half)}, {"half.onnx"});
  expect_refused(place, {"cost", place.write("picture.onnx", "\x89PNG\r\n\x1a\n0000")},
                 {"picture.onnx"});
  expect_refused(place, {"cost", place.path("none.onnx")}, {"none.onnx"});
  expect_refused(place, {"cost", "alexnett"}, {"alexnet"});
  expect_refused(place, {"cost", "mobilenet-v3"}, {"mobilenet-v3-large_224_0.75"});
}

TEST(BadStudy, ForeignDamagedMissing) {
  const Workplace place;
  expect_refused(place, {"show", place.path("none.study")}, {"none.study"});
  expect_refused(place, {"show", place.write("text.study", std::string(5000, 'x'))},
                 {"text.study"});
  const std::string plan = place.write("plan.toml", small_plan(1));
  ASSERT_EQ(
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")}).status,
      0);
  // A page in the middle overwritten: found, and said.
  std::fstream study(place.path("a.study"), std::ios::in | std::ios::out | std::ios::binary);
  study.seekp(4096);
  study << std::string(8192, '\xee');
  study.close();
  const Outcome shown = place.run({"show", place.path("a.study")});
  EXPECT_EQ(shown.status, 2) << shown.out;
  EXPECT_NE(shown.err.find("a.study"), std::string::npos) << shown.err;
}

TEST(BadStudy, AReportIsNotWrittenOverAStudy) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1)), study = place.path("a.study");
  ASSERT_EQ(place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", study}).status, 0);
  expect_refused(place, {"report", study, "-o", study, "--format", "json"}, {"a.study"});
  EXPECT_EQ(place.run({"show", study}).status, 0);
}

TEST(BadStudy, ANewerSchemaIsSaid) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  ASSERT_EQ(
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")}).status,
      0);
  // SQLite keeps user_version big-endian at offset 60 of the header.
  std::fstream study(place.path("a.study"), std::ios::in | std::ios::out | std::ios::binary);
  study.seekp(60);
  study.write("\0\0\0\x63", 4);
  study.close();
  expect_refused(place, {"show", place.path("a.study")}, {"schema 99"});
}

TEST(BadStudy, AnotherPlanIsNotMixedIn) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  const std::string other = place.write("other.toml", small_plan(2));
  ASSERT_EQ(
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")}).status,
      0);
  expect_refused(place,
                 {"sweep", other, "--board", "twin:jetson-nano", "-o", place.path("a.study")},
                 {"another plan"});
}

// A file system that is full, or read-only: needs the right to mount one.
TEST(BadDisk, FullAndReadOnly) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  const std::string small = place.path("small");
  ASSERT_EQ(::mkdir(small.c_str(), 0755), 0);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "skipped: this user may not mount";
  const Outcome full =
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", small + "/a.study"});
  EXPECT_EQ(full.status, 2) << full.out << full.err;
  EXPECT_NE(full.err.find("a.study"), std::string::npos) << full.err;
  ASSERT_EQ(::mount("tmpfs", small.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
  const Outcome read_only = place.run({"zoo", "export", "mobilenet-v2", "-o", small + "/m.onnx"});
  EXPECT_EQ(read_only.status, 2);
  EXPECT_EQ(std::count(read_only.err.begin(), read_only.err.end(), '\n'), 1) << read_only.err;
  ::umount(small.c_str());
}

TEST(Arguments, UnknownOptionsAndCommands) {
  const Workplace place;
  EXPECT_EQ(place.run({}).status, 2);
  EXPECT_EQ(place.run({"swep"}).status, 2);
  EXPECT_EQ(place.run({"sweep", "x.toml"}).status, 2);
  EXPECT_EQ(place.run({"--version"}).out, "isojoule 0.1.0\n");
  EXPECT_EQ(place.run({"--help"}).status, 0);
}

}  // namespace
}  // namespace isojoule::test
