#include "tensor/vocabulary.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "tensor/unicode.h"

namespace isojoule {
namespace {

tl::unexpected<Error> invalid(const std::string& name, const std::string& what) {
  return fail(ErrorKind::invalid, name + ": " + what,
              "Take the vocab.txt that belongs to the model, one token a line");
}

Status add_token(Vocabulary& vocabulary, std::string_view line, const std::string& name) {
  const std::string number = std::to_string(vocabulary.tokens.size() + 1);
  if (line.empty()) return invalid(name, "line " + number + " is empty");
  const auto [at, added] =
      vocabulary.ids.emplace(line, static_cast<std::int64_t>(vocabulary.tokens.size()));
  if (!added)
    return invalid(name, "token '" + at->first + "' stands on lines " +
                             std::to_string(at->second + 1) + " and " + number);
  vocabulary.tokens.emplace_back(line);
  return {};
}

Status find_special(Vocabulary& vocabulary, const std::string& name) {
  const std::array<std::pair<std::string, std::int64_t*>, 4> needed = {
      {{"[PAD]", &vocabulary.pad},
       {"[UNK]", &vocabulary.unknown},
       {"[CLS]", &vocabulary.begin},
       {"[SEP]", &vocabulary.end}}};
  std::vector<std::string> missing;
  for (const auto& [token, id] : needed) {
    const auto found = vocabulary.ids.find(token);
    if (found == vocabulary.ids.end())
      missing.push_back(token);
    else
      *id = found->second;
  }
  if (!missing.empty()) return invalid(name, "has no token " + join(missing, ", "));
  return {};
}

constexpr std::string_view kEndings =
    "s ed ing er ers es ly est al able ation ations ness ment ments ity ive ize ized ise ised ful "
    "less "
    "ous ist ism ance ence ant ent ary ery ory ic ical ally ward wards ship hood dom th st nd rd "
    "re un in on at an or ar en el il ol ul ra ro ri la le li lo ma me mi mo na ne ni no ta te ti "
    "to "
    "ve vi va da de di do ca ce ci co pa pe pi po ba be bi bo ga ge gi go ha he hi ho sa se si so";

}  // namespace

Result<Vocabulary> parse_vocabulary(std::string_view text, const std::string& name) {
  if (text.empty()) return invalid(name, "is an empty file, no vocabulary");
  ISOJOULE_TRY(const auto checked, code_points(text, name));
  Vocabulary vocabulary;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ISOJOULE_CHECK(add_token(vocabulary, line, name));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  ISOJOULE_CHECK(find_special(vocabulary, name));
  return vocabulary;
}

std::string builtin_vocabulary_text() {
  std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (char c = '!'; c <= '~'; ++c) text += std::string(1, c) + "\n";
  for (char c = '!'; c <= '~'; ++c) text += "##" + std::string(1, c) + "\n";
  std::string_view rest = kEndings;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 1) text += "##" + std::string(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const std::string_view word : builtin_words())
    if (word.size() > 1) text += std::string(word) + "\n";
  return text;
}

}  // namespace isojoule
