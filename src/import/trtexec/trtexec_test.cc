#include <gtest/gtest.h>

#include "import/test_log.h"

namespace isojoule {
namespace {

std::string corpus(const std::string& name) {
  return content_of(std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/import_trtexec/" + name);
}

TEST(TrtexecImport, BatchesAreWindowsOfTheirComputing) {
  const auto reader = open_text(corpus("times_8_2.txt"), {});
  ASSERT_TRUE(reader.has_value()) << to_string(reader.error());
  EXPECT_EQ((*reader)->time_base(), TimeBase::own_zero);
  EXPECT_TRUE((*reader)->channels().empty());
  const auto& windows = (*reader)->windows();
  ASSERT_GT(windows.size(), 2u);
  EXPECT_EQ(windows[0].name, "inference");
  EXPECT_EQ(windows[1].name, "batch 1");
  EXPECT_EQ(windows[1].begin.ns, 312'500);  // 0.3125 ms
  EXPECT_EQ(windows[1].end.ns, 5'312'500);
  EXPECT_EQ(windows[0].begin, windows[1].begin);
  EXPECT_EQ((*reader)->print_time(windows[1].end), "5.3125");
}

TEST(TrtexecImport, AProfileSaysHowLongAndNotWhen) {
  const auto log = read_text(corpus("profile_8_4.txt"), {});
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().kind, ErrorKind::unsupported);
  EXPECT_NE(log.error().remedy.find("--exportTimes"), std::string::npos);
}

TEST(TrtexecImport, WhatIsNoExport) {
  EXPECT_EQ(read_text("[1, 2", format("trtexec")).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_text("{}", format("trtexec")).error().kind, ErrorKind::parse);
}

}  // namespace
}  // namespace isojoule
