#include "import/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace isojoule {
namespace {

class Faulty final : public ByteSource {
 public:
  explicit Faulty(std::string text) : text_(std::move(text)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    if (text_.empty()) return fail(ErrorKind::io, "log: Input/output error");
    const std::size_t size = text_.copy(buffer.data(), buffer.size());
    text_.clear();
    return size;
  }
  std::string text_;
};

std::string drain(LineBlocks& blocks) {
  std::string all;
  for (;;) {
    const auto block = blocks.next();
    EXPECT_TRUE(block.has_value());
    if (!block || block->empty()) return all;
    EXPECT_TRUE(block->ends_with('\n'));
    all += *block;
  }
}

TEST(ImportSource, LinesAreWholeWhateverThePieces) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::string(static_cast<std::size_t>(i % 300), 'x') + "\n";
  for (const std::size_t chunk : {1u, 7u, 4096u, 10'000'000u}) {
    LineBlocks blocks(text_source(text + "cut", chunk), "log");
    EXPECT_EQ(drain(blocks), text) << chunk;
    EXPECT_EQ(blocks.rest(), "cut");
    EXPECT_TRUE(blocks.next()->empty());
  }
}

TEST(ImportSource, ALineThatNeverEndsIsNoLog) {
  LineBlocks blocks(text_source(std::string(3 << 20, 'x')), "log");
  const auto block = blocks.next();
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().kind, ErrorKind::parse);
}

TEST(ImportSource, AnErrorInTheMiddleIsTold) {
  LineBlocks blocks(std::make_unique<Faulty>("one\ntwo\n"), "log");
  EXPECT_EQ(blocks.next().value(), "one\ntwo\n");
  const auto second = blocks.next();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::io);
}

TEST(ImportSource, WhatIsNoFileOfText) {
  const std::string folder = testing::TempDir() + "isojoule_source_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  EXPECT_EQ(LogFile::open(folder).error().kind, ErrorKind::invalid);
  EXPECT_EQ(LogFile::open(folder + "/none").error().kind, ErrorKind::not_found);
  std::ofstream(folder + "/empty").flush();
  EXPECT_EQ(LogFile::open(folder + "/empty").error().kind, ErrorKind::no_data);
  std::ofstream(folder + "/binary") << std::string(
      "\x7f"
      "ELF\0\0",
      6);
  EXPECT_EQ(LogFile::open(folder + "/binary").error().kind, ErrorKind::parse);
  if (::geteuid() != 0) {
    std::ofstream(folder + "/closed") << "x";
    std::filesystem::permissions(folder + "/closed", std::filesystem::perms::none);
    EXPECT_EQ(LogFile::open(folder + "/closed").error().kind, ErrorKind::permission_denied);
  }
  std::filesystem::remove_all(folder);
}

TEST(ImportSource, AMarkOfByteOrderIsNoText) {
  const auto file = LogFile::from("log", text_source("\xEF\xBB\xBFtime,power\n"));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->head, "time,power\n");
}

TEST(ImportSource, WhatHoldsNoLinesIsSaidToBeThat) {
  EXPECT_EQ(LogFile::from("log", text_source("\xEF\xBB\xBF")).error().kind, ErrorKind::no_data);
  const auto old = LogFile::from("log", text_source("time,power\r1,5\r2,6\r"));
  ASSERT_FALSE(old.has_value());
  EXPECT_EQ(old.error().kind, ErrorKind::parse);
  EXPECT_NE(old.error().remedy.find("tr "), std::string::npos);
  EXPECT_TRUE(LogFile::from("log", text_source("time,power\r")).has_value());
}

}  // namespace
}  // namespace isojoule
