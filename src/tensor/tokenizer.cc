#include "tensor/tokenizer.h"

#include <algorithm>

#include "tensor/unicode.h"

namespace isojoule {
namespace {

// Without control characters; ideographs between spaces.
std::u32string cleaned(const std::u32string& text) {
  std::u32string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    if (c == 0 || c == 0xFFFD || is_control(c)) continue;
    if (is_space(c)) {
      result += U' ';
    } else if (is_ideograph(c)) {
      result += {U' ', c, U' '};
    } else {
      result += c;
    }
  }
  return result;
}

// What stands between spaces, its punctuation marks each alone.
std::vector<std::u32string> split(const std::u32string& text) {
  std::vector<std::u32string> words;
  bool open = false;
  for (const char32_t c : text) {
    if (is_space(c)) {
      open = false;
    } else if (is_punctuation(c)) {
      words.emplace_back(1, c);
      open = false;
    } else {
      if (!open) words.emplace_back();
      words.back() += c;
      open = true;
    }
  }
  return words;
}

// The longest token that `word` begins with at `at`: its number, and how many characters it takes.
struct Match {
  std::int64_t id = 0;
  std::size_t length = 0;  // 0: none
};
// `ends[i]`: the byte of `bytes` behind the word's i-th character.
Match longest_match(std::string_view bytes, const std::vector<std::size_t>& ends, std::size_t at,
                    const Vocabulary& vocabulary) {
  const std::size_t begin = at == 0 ? 0 : ends[at - 1];
  std::string candidate = at == 0 ? "" : "##";
  const std::size_t mark = candidate.size();
  candidate += bytes.substr(begin);
  for (std::size_t end = ends.size(); end > at; --end) {
    candidate.resize(mark + ends[end - 1] - begin);
    const auto found = vocabulary.ids.find(candidate);
    if (found != vocabulary.ids.end()) return {found->second, end - at};
  }
  return {};
}

}  // namespace

Result<std::vector<std::u32string>> split_words(std::string_view text, bool lowercase,
                                                const std::string& name) {
  ISOJOULE_TRY(const std::u32string points, code_points(text, name));
  const std::u32string clean = cleaned(points);
  return split(lowercase ? lowercase_without_accents(clean) : clean);
}

void append_pieces(const std::u32string& word, const Vocabulary& vocabulary,
                   std::vector<std::int64_t>& ids) {
  if (word.size() > kLongestWord) return ids.push_back(vocabulary.unknown);
  std::string bytes;
  std::vector<std::size_t> ends;
  for (const char32_t c : word) {
    bytes += utf8_of(std::u32string_view(&c, 1));
    ends.push_back(bytes.size());
  }
  const std::size_t before = ids.size();
  for (std::size_t at = 0; at < word.size();) {
    const Match match = longest_match(bytes, ends, at, vocabulary);
    if (match.length == 0) {
      ids.resize(before);
      return ids.push_back(vocabulary.unknown);
    }
    ids.push_back(match.id);
    at += match.length;
  }
}

Result<Tokens> tokenize(std::string_view text, const Vocabulary& vocabulary, bool lowercase,
                        std::size_t length, const std::string& name) {
  ISOJOULE_TRY(const auto words, split_words(text, lowercase, name));
  Tokens tokens;
  tokens.ids.push_back(vocabulary.begin);
  const std::size_t most = std::max<std::size_t>(length, 2) - 1;  // [SEP] comes behind
  for (const auto& word : words) {
    // All words of a long text are split, as an application does that truncates afterwards.
    append_pieces(word, vocabulary, tokens.ids);
  }
  tokens.truncated = tokens.ids.size() > most;
  if (tokens.truncated) tokens.ids.resize(most);
  tokens.ids.push_back(vocabulary.end);
  tokens.unknown = std::count(tokens.ids.begin(), tokens.ids.end(), vocabulary.unknown);
  return tokens;
}

}  // namespace isojoule
