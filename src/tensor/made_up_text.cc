#include "tensor/made_up_text.h"

#include <cctype>

#include "base/random.h"
#include "tensor/vocabulary.h"

namespace isojoule {
namespace {

// The smaller of three draws: the first words of the list come far more often than the last ones,
// which is enough of Zipf's law here.
std::string any_word(Random& random) {
  const auto words = builtin_words();
  std::uint64_t index = words.size();
  for (int draw = 0; draw < 3; ++draw) index = std::min(index, random.below(words.size()));
  return std::string(words[index]);
}

}  // namespace

std::string made_up_text(std::uint64_t seed, std::int64_t words) {
  Random random(seed_for(seed, "text"));
  std::string text;
  std::uint64_t left = 0;  // words of the sentence
  bool first = true;
  for (std::int64_t i = 0; i < words; ++i) {
    if (left == 0) {
      left = 5 + random.below(16);
      first = true;
    }
    std::string word = any_word(random);
    if (first) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    first = false;
    --left;
    if (!text.empty()) text += ' ';
    text += word;
    if (left == 0 || i + 1 == words) {
      text += '.';
    } else if (random.below(10) == 0) {
      text += ',';
    }
  }
  return text;
}

}  // namespace isojoule
