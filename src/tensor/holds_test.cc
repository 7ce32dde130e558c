#include "tensor/holds.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace isojoule {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(ISOJOULE_SOURCE_DIR) / "src/tensor/corpus";

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The corpus, every cut of it, and single changed bytes.
int break_all(const std::string& folder, bool (*holds)(std::string_view)) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / folder)) {
    ++files;
    const std::string bytes = content(entry.path());
    EXPECT_TRUE(holds(bytes)) << entry.path();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      EXPECT_TRUE(holds(std::string_view(bytes).substr(0, i))) << entry.path() << " cut at " << i;
      for (const char c : {'\0', '\n', '(', '9', '\x7f', '\xff'}) {
        std::string changed = bytes;
        changed[i] = c;
        EXPECT_TRUE(holds(changed)) << entry.path() << " changed at " << i;
      }
    }
  }
  return files;
}

TEST(TensorReaders, NothingBreaksNpy) { EXPECT_GE(break_all("npy", npy_holds), 6); }
TEST(TensorReaders, NothingBreaksVocabularies) {
  EXPECT_GE(break_all("vocabulary", vocabulary_holds), 6);
}
TEST(TensorReaders, NothingBreaksImages) { EXPECT_GE(break_all("image", image_holds), 6); }

}  // namespace
}  // namespace isojoule
