// Figures that a made-up program draws: what the core makes of them, and of what may go wrong
// there.
#include "app/figures/write_figures.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json drawn_figure(const std::string& id, const std::string& network, int batch) {
  return {{"id", id},           {"title", "Energy map"}, {"sentence", "What it shows."},
          {"network", network}, {"batch", batch},        {"simulated", true},
          {"width_mm", 85},     {"height_mm", 60},       {"fault", false},
          {"why_absent", ""}};
}

class WriteFigures : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "isojoule_figures_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string out() const { return path("out"); }

  void frame(const std::string& bytes) {
    const std::uint64_t size = bytes.size();
    char head[sizeof size];
    std::memcpy(head, &size, sizeof size);
    answer_ += std::string(head, sizeof head) + bytes;
  }
  void head(int figures) {
    frame(json{{"figures", figures}, {"study", "s"}, {"board", "nano"}, {"generator", "g"}}.dump());
  }
  void figure(const json& what, const std::string& svg = "<svg/>") {
    for (const auto& part : {what.dump(), svg, svg.empty() ? "" : std::string("a,b\r\n"),
                             svg.empty() ? "" : std::string("%PDF")})
      frame(part);
  }
  // A program that says the frames so far, and then what the shell makes of `last`.
  std::string program(const std::string& last = "sleep 20") {
    std::ofstream(path("frames"), std::ios::binary) << answer_;
    std::ofstream(path("program")) << "#!/bin/sh\ncat '" << path("frames") << "' >&3\n"
                                   << last << "\n";
    ::chmod(path("program").c_str(), 0755);
    return path("program");
  }
  Result<FigureFiles> write(const std::string& program) {
    FigureOptions options;
    options.command = "isojoule report a.study --figures out";
    options.networks = {"\xff"};  // an argument is any bytes
    options.patience = Duration::milliseconds(20'000);
    return write_figures(program, "{}", out(), options);
  }
  ErrorKind error_of(const Result<FigureFiles>& result) {
    EXPECT_FALSE(result);
    return result ? ErrorKind::internal : result.error().kind;
  }
  json index() const { return json::parse(read_text_file(out() + "/figures.json").value()); }

  std::string folder_, answer_;
};

TEST_F(WriteFigures, EachIsThreeFilesAndARowOfTheIndex) {
  head(3);
  figure(drawn_figure("heat-map", "alexnet", 8));
  json absent = drawn_figure("over-batch", "alexnet", 8);
  absent["why_absent"] = "Fewer than two.";
  figure(absent, "");
  figure(drawn_figure("boards", "", 0));
  const auto files = write(program());
  ASSERT_TRUE(files) << to_string(files.error());
  std::vector<std::string> expected;
  for (const char* name :
       {"alexnet-batch8-heat-map.svg", "alexnet-batch8-heat-map.pdf", "alexnet-batch8-heat-map.csv",
        "boards.svg", "boards.pdf", "boards.csv", "figures.json", "index.md"})
    expected.push_back(out() + "/" + name);
  EXPECT_EQ(files->paths, expected);
  EXPECT_EQ(files->absent,
            std::vector<std::string>{"over-batch (alexnet, batch 8): Fewer than two."});
  EXPECT_EQ(read_text_file(expected[1]).value(), "%PDF");
  const json row = index().at("figures").at(0);
  EXPECT_EQ(row.at("name"), "alexnet-batch8-heat-map");
  EXPECT_EQ(row.at("caption"), "What it shows.");
  EXPECT_EQ(row.at("command"), "isojoule report a.study --figures out");
  EXPECT_EQ(row.at("files").at("csv"), "alexnet-batch8-heat-map.csv");
  EXPECT_TRUE(row.at("simulated").get<bool>());
  const std::string text = read_text_file(out() + "/index.md").value();
  EXPECT_NE(text.find("## Energy map, alexnet, batch 8\n"), std::string::npos) << text;
  EXPECT_NE(text.find("**Simulated**"), std::string::npos) << text;
}

TEST_F(WriteFigures, AProgramThatIsNotThereSaysWhatToInstall) {
  const auto files = write(path("nothing"));
  ASSERT_EQ(error_of(files), ErrorKind::unsupported);
  EXPECT_NE(files.error().remedy.find("librsvg2-dev"), std::string::npos);
  EXPECT_FALSE(fs::exists(out()));
  const auto unlinked =
      write(program("echo 'error while loading shared libraries: x.so' >&2; exit 127"));
  ASSERT_EQ(error_of(unlinked), ErrorKind::unsupported);
  EXPECT_NE(unlinked.error().what.find("loading shared libraries"), std::string::npos);
}

TEST_F(WriteFigures, ACrashAHangAndNonsenseAreTyped) {
  const auto crash = write(program("kill -SEGV $$"));
  ASSERT_EQ(error_of(crash), ErrorKind::engine);
  EXPECT_NE(crash.error().what.find("signal 11"), std::string::npos) << crash.error().what;
  const auto words = write(program("echo 'the heap is full' >&2; exit 3"));
  ASSERT_EQ(error_of(words), ErrorKind::engine);
  EXPECT_NE(words.error().what.find("the heap is full"), std::string::npos) << words.error().what;
  FigureOptions hasty;
  hasty.patience = Duration::milliseconds(150);
  EXPECT_EQ(error_of(write_figures(program(), "{}", out(), hasty)), ErrorKind::timeout);
  answer_ = std::string(8, '\x7f');
  EXPECT_EQ(error_of(write(program())), ErrorKind::engine);  // a frame of exabytes
  answer_.clear();
  frame("no JSON");
  EXPECT_EQ(error_of(write(program())), ErrorKind::engine);
  answer_.clear();
  frame(R"({"error":"there is no figure 'x'"})");
  EXPECT_EQ(error_of(write(program())), ErrorKind::invalid);
}

TEST_F(WriteFigures, ACrashLeavesTheFiguresBeforeItWhole) {
  head(2);
  figure(drawn_figure("heat-map", "alexnet", 8));
  frame("{}");
  EXPECT_EQ(error_of(write(program("kill -SEGV $$"))), ErrorKind::engine);
  EXPECT_EQ(index().at("figures").size(), 1U);
  EXPECT_TRUE(fs::exists(out() + "/alexnet-batch8-heat-map.pdf"));
}

TEST_F(WriteFigures, AFaultOfOneFigureIsSaidAfterTheOthers) {
  head(2);
  json broken = drawn_figure("surface", "alexnet", 8);
  broken["fault"] = true;
  broken["why_absent"] = "TypeError: x";
  figure(broken, "");
  figure(drawn_figure("heat-map", "alexnet", 8));
  const auto files = write(program());
  ASSERT_EQ(error_of(files), ErrorKind::internal);
  EXPECT_NE(files.error().what.find("surface (alexnet, batch 8): TypeError: x"), std::string::npos);
  EXPECT_EQ(index().at("figures").size(), 1U);
}

TEST_F(WriteFigures, HostileNamesStayInTheFolderAndApart) {
  const std::vector<std::string> names = {"../../etc/passwd",
                                          "..",
                                          "a/b",
                                          "a b",
                                          "A B",
                                          "-rf",
                                          "\xe2\x80\xae"
                                          "evil",
                                          std::string(10'000, 'x'),
                                          "<script>|`$(id)`[x](y)\n# heading"};
  head(static_cast<int>(names.size()));
  for (const auto& name : names) figure(drawn_figure("heat-map", name, 8));
  ASSERT_TRUE(write(program()));
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(out())) {
    ++count;
    const std::string name = entry.path().filename();
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_."),
              std::string::npos)
        << name;
    EXPECT_TRUE(name.size() < 120 && name.front() != '-' && name.front() != '.') << name;
  }
  EXPECT_EQ(count, 3 * names.size() + 2);
  EXPECT_TRUE(fs::exists(out() + "/a_b-batch8-heat-map.svg"));
  EXPECT_TRUE(fs::exists(out() + "/a_b-batch8-heat-map-2.svg"));
  EXPECT_TRUE(fs::exists(out() + "/A_B-batch8-heat-map-3.svg"));  // one file on some disks
  const std::string text = read_text_file(out() + "/index.md").value();
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_EQ(text.find("\n# heading"), std::string::npos);
}

TEST_F(WriteFigures, FilesOfOthersAreNeverReplaced) {
  head(1);
  figure(drawn_figure("heat-map", "alexnet", 8));
  fs::create_directory(out());
  const std::string foreign = out() + "/alexnet-batch8-heat-map.pdf";
  fs::create_symlink(path("elsewhere"), foreign);
  EXPECT_EQ(error_of(write(program())), ErrorKind::invalid);
  EXPECT_FALSE(fs::exists(path("elsewhere")));
  fs::remove(foreign);
  EXPECT_FALSE(fs::exists(out() + "/alexnet-batch8-heat-map.svg"));
  std::ofstream(out() + "/figures.json") << "[1, 2]";
  EXPECT_EQ(error_of(write(program())), ErrorKind::invalid);
  EXPECT_EQ(read_text_file(out() + "/figures.json").value(), "[1, 2]");
  fs::remove(out() + "/figures.json");
  std::ofstream(out() + "/index.md") << "mine";
  EXPECT_EQ(error_of(write(program())), ErrorKind::invalid);
  EXPECT_EQ(read_text_file(out() + "/index.md").value(), "mine");
}

TEST_F(WriteFigures, ASecondCallReplacesItsOwnAndKeepsTheRest) {
  head(2);
  figure(drawn_figure("heat-map", "alexnet", 8));
  figure(drawn_figure("surface", "alexnet", 8));
  ASSERT_TRUE(write(program()));
  std::ofstream(out() + "/paper.tex") << "mine";
  answer_.clear();
  head(1);
  figure(drawn_figure("heat-map", "alexnet", 8), "<svg>2</svg>");
  const auto again = write(program());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(read_text_file(out() + "/alexnet-batch8-heat-map.svg").value(), "<svg>2</svg>");
  EXPECT_EQ(read_text_file(out() + "/paper.tex").value(), "mine");
  ASSERT_EQ(index().at("figures").size(), 2U);
  EXPECT_EQ(index().at("figures").at(1).at("name"), "alexnet-batch8-surface");
  fs::remove(out() + "/alexnet-batch8-surface.csv");  // no longer whole: no longer in the index
  std::ofstream(out() + "/figures.json")
      << R"({"figures":[7,{"files":3},{"files":{"svg":"alexnet-batch8-heat-map.svg"},"batch":"x"},)"
      << R"({"files":{"svg":"paper.tex"},"batch":"x","simulated":"x","title":[]}]})";  // edited
  fs::remove(out() + "/alexnet-batch8-heat-map.pdf");
  fs::remove(out() + "/alexnet-batch8-heat-map.csv");
  const auto third = write(program());
  ASSERT_TRUE(third) << to_string(third.error());
  EXPECT_EQ(index().at("figures").size(), 2U);
  EXPECT_EQ(read_text_file(out() + "/paper.tex").value(), "mine");
}

TEST_F(WriteFigures, AFullDiskIsTyped) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: mounting needs root";
  head(1);
  figure(drawn_figure("heat-map", "alexnet", 8), std::string(300'000, ' '));
  fs::create_directory(out());
  if (::mount("isojoule", out().c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "skipped: mounting is not allowed here";
  const auto files = write(program());
  bool nothing_half = true;
  for (const auto& entry : fs::directory_iterator(out()))
    nothing_half = nothing_half && entry.path().filename() == "figures.json";
  ::umount2(out().c_str(), MNT_DETACH);
  EXPECT_EQ(error_of(files), ErrorKind::disk_full);
  EXPECT_TRUE(nothing_half);
}

TEST_F(WriteFigures, AFolderThatCannotBeIsTyped) {
  head(1);
  figure(drawn_figure("heat-map", "alexnet", 8));
  const std::string drawing = program();
  std::ofstream(path("file")) << "x";
  EXPECT_EQ(error_of(write_figures(drawing, "{}", path("file"), {})), ErrorKind::invalid);
  EXPECT_EQ(error_of(write_figures(drawing, "{}", "", {})), ErrorKind::invalid);
  EXPECT_EQ(error_of(write_figures(drawing, "{}", "/proc/no/such", {})), ErrorKind::not_found);
}

TEST_F(WriteFigures, AFolderWithoutTheRightToWriteIsTyped) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may write everywhere";
  head(1);
  figure(drawn_figure("heat-map", "alexnet", 8));
  fs::create_directory(out());
  ::chmod(out().c_str(), 0555);
  EXPECT_EQ(error_of(write(program())), ErrorKind::permission_denied);
}

TEST(FigureWidth, IsInMillimetresOrColumns) {
  EXPECT_EQ(figure_width_mm("single").value(), 85);
  EXPECT_EQ(figure_width_mm("double").value(), 178);
  EXPECT_EQ(figure_width_mm("120.5").value(), 120.5);
  for (const char* text : {"", "wide", "85mm", "nan", "inf"})
    EXPECT_FALSE(figure_width_mm(text)) << text;
  for (const char* text : {"0", "-85", "10", "1e9"})
    EXPECT_EQ(figure_width_mm(text).error().kind, ErrorKind::out_of_range) << text;
}

}  // namespace
}  // namespace isojoule
