// `isojoule report --figures` as its user has it, and the files as other programs read them
// (poppler's tools).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "whole/program.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What a program of the machine prints; "" where it is not there.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen((command + " 2> /dev/null").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  ::pclose(pipe);
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const bool kHasProgram = fs::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-figures");

// One study for all of them.
class Figures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    place = std::make_unique<Workplace>();
    study = place->path("a.study");
    const std::string plan = place->write("plan.toml", small_plan(1));
    const Outcome outcome = place->run({"sweep", plan, "--board", "twin:jetson-nano", "-o", study});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  static void TearDownTestSuite() { place.reset(); }
  static std::unique_ptr<Workplace> place;
  static std::string study;
};
std::unique_ptr<Workplace> Figures::place;
std::string Figures::study;

TEST_F(Figures, EachIsAPageOfPdfAnSvgAndItsNumbers) {
  if (!kHasProgram) GTEST_SKIP() << "skipped: isojoule-figures is not built";
  const std::string folder = place->path("all");
  const Outcome outcome = place->run({"report", study, "--figures", folder});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto index = nlohmann::json::parse(contents(folder + "/figures.json"));
  ASSERT_GE(index.at("figures").size(), 5U);
  for (const auto& figure : index.at("figures")) {
    const std::string name = folder + "/" + figure.at("name").get<std::string>();
    EXPECT_TRUE(figure.at("simulated").get<bool>());
    EXPECT_TRUE(has(contents(name + ".svg"), ">SIMULATED<")) << name;
    EXPECT_TRUE(has(contents(name + ".svg"), "width=\"85mm\"")) << name;
    EXPECT_TRUE(has(contents(name + ".csv").substr(0, 300), "simulated\r\n")) << name;
    EXPECT_EQ(contents(name + ".pdf").rfind("%PDF-1.5", 0), 0U) << name;
  }
  const std::string map = folder + "/alexnet-batch16-heat-map";
  ASSERT_TRUE(fs::exists(map + ".pdf"));
  // The map's numbers are those of the report in CSV.
  std::istringstream lines(contents(map + ".csv"));
  std::string line;
  int rows = 0;
  for (std::getline(lines, line); std::getline(lines, line); ++rows)
    EXPECT_TRUE(has(line, "alexnet,16,"));
  EXPECT_EQ(rows, 6);
  if (output_of("command -v pdfinfo").empty()) GTEST_SKIP() << "skipped: poppler-utils is not here";
  const std::string info = output_of("pdfinfo '" + map + ".pdf'");
  EXPECT_TRUE(has(info, "Energy map, alexnet, batch 16 (simulated)")) << info;
  EXPECT_TRUE(has(info, "Pages:           1")) << info;
  EXPECT_TRUE(has(info, "Page size:       240.9")) << info;  // 85 mm in points
  std::istringstream fonts(output_of("pdffonts '" + map + ".pdf'"));
  int count = 0;
  for (int skip = 0; skip < 2; ++skip) std::getline(fonts, line);
  for (; std::getline(fonts, line); ++count) EXPECT_TRUE(has(line, " yes yes ")) << line;
  EXPECT_GE(count, 1);
  const std::string text = output_of("pdftotext '" + map + ".pdf' -");
  EXPECT_TRUE(has(text, "GPU clock (MHz)") && has(text, "SIMULATED")) << text;
}

TEST_F(Figures, OptionsChooseAndASecondCallReplaces) {
  if (!kHasProgram) GTEST_SKIP() << "skipped: isojoule-figures is not built";
  const std::string folder = place->path("figures"), page = place->path("a.json");
  const Outcome one = place->run({"report", study, "--figures", folder, "--only", "heat-map",
                                  "--width", "double", "--network", "alexnet", "-o", page});
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_TRUE(fs::exists(page));
  EXPECT_TRUE(has(contents(folder + "/alexnet-batch16-heat-map.svg"), "width=\"178mm\""));
  EXPECT_FALSE(fs::exists(folder + "/alexnet-batch16-surface.svg"));
  const std::string first = contents(folder + "/alexnet-batch16-heat-map.pdf");
  const Outcome again = place->run(
      {"report", study, "--figures", folder, "--only", "heat-map,surface", "--width", "178"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(contents(folder + "/alexnet-batch16-heat-map.pdf"),
            first);  // the same study, the same file
  const Outcome wrong = place->run({"report", study, "--figures", folder, "--only", "heatmap"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(has(wrong.err, "there is no figure 'heatmap'")) << wrong.err;
}

TEST_F(Figures, WithoutTheProgramItSaysWhatToInstall) {
  // A copy of the program, which finds nothing beside it.
  const std::string folder = place->path("prefix");
  fs::create_directories(folder + "/bin");
  fs::copy(program_path(), folder + "/bin/isojoule");
  const pid_t process =
      place->start({"report", study, "--figures", place->path("f")}, folder + "/bin/isojoule");
  const Outcome outcome = place->wait(process);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(has(outcome.err, "librsvg2-dev") && has(outcome.err, "-o report.html"))
      << outcome.err;
  EXPECT_FALSE(fs::exists(place->path("f")));
  const Outcome nothing = place->run({"report", study});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_TRUE(has(nothing.err, "--figures")) << nothing.err;
}

}  // namespace
}  // namespace isojoule::test
