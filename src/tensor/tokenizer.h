// WordPiece, after the algorithm that was published with BERT (github.com/google-research/bert,
// tokenization.py): a text becomes words and punctuation marks, a word the longest tokens from its
// start, those within it marked "##".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/vocabulary.h"

namespace isojoule {

inline constexpr std::size_t kLongestWord = 100;  // characters; a longer one is [UNK]

// The words of a text: control characters go, ideographs and punctuation stand alone, and with
// `lowercase` capitals and accents go. "[CLS]" in a text is a text of three words. Errors: parse
// (no UTF-8).
Result<std::vector<std::u32string>> split_words(std::string_view text, bool lowercase,
                                                const std::string& name);

// The tokens of a word; [UNK] alone where a part of it has none.
void append_pieces(const std::u32string& word, const Vocabulary& vocabulary,
                   std::vector<std::int64_t>& ids);

struct Tokens {
  std::vector<std::int64_t> ids;  // [CLS] ... [SEP], at most `length`; without padding
  std::int64_t unknown = 0;       // of them [UNK]
  bool truncated = false;
};
// The tokens that fit; a text that has more loses its end. `length` is 2 at least. Errors: parse.
Result<Tokens> tokenize(std::string_view text, const Vocabulary& vocabulary, bool lowercase,
                        std::size_t length, const std::string& name);

}  // namespace isojoule
