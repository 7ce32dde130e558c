// The tokens of a network of texts, one a line of a vocab.txt; a token's number is its line's,
// counted from 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct Vocabulary {
  // Looks a token up without making a string of it.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::vector<std::string> tokens;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids;
  std::int64_t pad = 0, unknown = 0, begin = 0, end = 0;  // [PAD], [UNK], [CLS], [SEP]
};

// Lines may end in CR LF. `name` is for messages. Errors: parse (no UTF-8), invalid (an empty file
// or line, a token twice, no [PAD], [UNK], [CLS] or [SEP], named).
Result<Vocabulary> parse_vocabulary(std::string_view text, const std::string& name);

// Ours, for measurements that need tokens but no meaning: special tokens, every visible ASCII
// character alone and as a continuation, common endings and words.
std::string builtin_vocabulary_text();
// Its words, the most common first.
std::span<const std::string_view> builtin_words();

}  // namespace isojoule
