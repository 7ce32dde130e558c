// Expected tokens are derived by hand from the published algorithm, on a vocabulary made for it.
#include "tensor/tokenizer.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "base/text.h"
#include "tensor/made_up_text.h"
#include "tensor/unicode.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

const Vocabulary& small() {
  static const Vocabulary vocabulary = *parse_vocabulary(
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"
      "want\n##want\n##ed\nwa\nun\nrunn\n##ing\n,\n.\n!\n?\n-\n'\n\"\n$\n%\n(\n)\n[\n]\nCLS\ncls\n"
      "low\nlowest\n##est\n##er\nhello\nHello\nworld\ncafe\ncaf\nresume\nnaive\nuber\n##aff\n##"
      "able\n"
      "the\nquick\nbrown\nfox\njumps\na\nb\n##b\n##a\naa\n##aa\n5\n12\n##00\n##0\n3\n"
      "\u4e2d\n\u6587\n\u00e9\ncaf\u00e9\n\u03b1\n\u1100\n##\u1161\n\u3042\n##\u3044\n"
      "\xf0\x9f\x98\x80\n##\xf0\x9f\x98\x80\n\xe2\x82\xac\n\u00bf\n\u2026\n\u2014\n##"
      "\u20ac\nistanbul\nss\nstra\n##\u00df\n##e\n",
      "small");
  return vocabulary;
}

std::string pieces(const std::string& text, bool lowercase = true) {
  const auto tokens = tokenize(text, small(), lowercase, 512, "text");
  if (!tokens) return to_string(tokens.error());
  std::vector<std::string> words;
  for (const std::int64_t id : tokens->ids)
    words.push_back(small().tokens[static_cast<std::size_t>(id)]);
  EXPECT_EQ(words.front(), "[CLS]");
  EXPECT_EQ(words.back(), "[SEP]");
  return join({words.begin() + 1, words.end() - 1}, " ");
}

struct Case {
  const char* about;
  std::string text, tokens;
  bool lowercase = true;
};

const std::vector<Case> kCases = {
    // Longest match first, from the word's start.
    {"a whole word", "want", "want"},
    {"the longest first", "lowest", "lowest"},
    {"a word and its ending", "lower", "low ##er"},
    {"three pieces", "unaffable", "un ##aff ##able"},
    {"two endings", "unwanted", "un ##want ##ed"},
    {"a word without pieces", "zebra", "[UNK]"},
    {"a known start is no rescue", "wantzz", "[UNK]"},
    {"greedy takes the long piece", "aaab", "aa ##a ##b"},
    {"and again", "aaaab", "aa ##aa ##b"},
    {"a lone ending is no start", "ing", "[UNK]"},
    {"digits", "1200", "12 ##00"},
    {"digits one by one", "120", "12 ##0"},
    // Spaces.
    {"nothing", "", ""},
    {"spaces alone", "  \t\n ", ""},
    {"many spaces", " the   quick\tbrown\r\nfox ", "the quick brown fox"},
    {"no-break space", "the\u00a0fox", "the fox"},
    {"ideographic space", "the\u3000fox", "the fox"},
    {"line separator", "the\u2028fox", "the fox"},
    // Control characters go, and do not part words.
    {"bell",
     "w\x07"
     "ant",
     "want"},
    {"zero width joiner", "wa\u200dnt", "want"},
    {"soft hyphen", "wa\u00adnt", "want"},
    {"byte order mark", "\ufeffwant", "want"},
    {"replacement character", "wa\ufffdnt", "want"},
    // Punctuation stands alone.
    {"sentence", "Hello, world!", "hello , world !"},
    {"dots", "the...fox", "the . . . fox"},
    {"apostrophe", "fox's", "fox ' [UNK]"},
    {"hyphens", "un-want", "un - want"},
    {"ASCII symbols are punctuation", "$5%", "$ 5 %"},
    {"brackets", "[CLS]", "[ cls ]"},
    {"special tokens of a text are words", "[CLS]", "[ CLS ]", false},
    {"Spanish", "\u00bfwant?", "\u00bf want ?"},
    {"ellipsis", "want\u2026", "want \u2026"},
    {"dash",
     "the\u2014"
     "fox",
     "the \u2014 fox"},
    {"the euro is a symbol, no punctuation", "5\u20ac", "5 ##\u20ac"},
    // Capitals and accents.
    {"capitals", "HeLLo WORLD", "hello world"},
    {"capitals that stay", "Hello world", "Hello world", false},
    {"capitals that are unknown", "HELLO", "[UNK]", false},
    {"acute", "caf\u00e9", "cafe"},
    {"acute, decomposed", "cafe\u0301", "cafe"},
    {"acute that stays", "caf\u00e9", "caf\u00e9", false},
    {"many accents",
     "R\u00e9sum\u00c9 na\u00efve \u00dc"
     "ber",
     "resume naive uber"},
    {"dotted capital I", "\u0130stanbul", "istanbul"},
    {"sharp s has no accent",
     "stra\u00df"
     "e",
     "stra ##\u00df ##e"},
    {"Greek tonos", "\u0386", "\u03b1"},
    {"a lone accent is nothing", "the \u0301 fox", "the fox"},
    // Other scripts.
    {"ideographs stand alone", "\u4e2d\u6587", "\u4e2d \u6587"},
    {"ideographs within a word",
     "the\u4e2d"
     "fox",
     "the \u4e2d fox"},
    {"an unknown ideograph", "\u4e2d\u5b57", "\u4e2d [UNK]"},
    {"kana do not", "\u3042\u3044", "\u3042 ##\u3044"},
    {"hangul decomposes", "\uac00", "\u1100 ##\u1161"},
    {"emoji", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {"emoji, twice", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80 ##\xf0\x9f\x98\x80"},
    {"an unknown emoji", "\xf0\x9f\xa6\x8a", "[UNK]"},
    // Long words.
    {"100 characters", std::string(100, 'a'),
     "aa" +
         [] {
           std::string s;
           for (int i = 0; i < 49; ++i) s += " ##aa";
           return s;
         }()},
    {"101 characters", std::string(101, 'a'), "[UNK]"},
};

TEST(Tokenizer, Goldens) {
  for (const Case& example : kCases)
    EXPECT_EQ(pieces(example.text, example.lowercase), example.tokens) << example.about;
}

TEST(Tokenizer, WhatIsNoUtf8SaysWhere) {
  for (const char* bad : {"wa\xffnt", "wa\xc3", "wa\xc0\x80", "wa\xed\xa0\x80"}) {
    const auto tokens = tokenize(bad, small(), true, 16, "notes.txt");
    ASSERT_FALSE(tokens);
    EXPECT_EQ(tokens.error().kind, ErrorKind::parse);
    EXPECT_THAT(to_string(tokens.error()), HasSubstr("notes.txt: is no text in UTF-8 (byte 3)"));
  }
}

TEST(Tokenizer, ALongTextLosesItsEnd) {
  const auto tokens = tokenize("the quick brown fox", small(), true, 5, "text");
  ASSERT_TRUE(tokens);
  EXPECT_TRUE(tokens->truncated);
  ASSERT_EQ(tokens->ids.size(), 5U);
  EXPECT_EQ(tokens->ids.back(), small().end);
  const auto exact = tokenize("the quick brown", small(), true, 5, "text");
  ASSERT_TRUE(exact);
  EXPECT_FALSE(exact->truncated);
  EXPECT_EQ(tokens->ids, exact->ids);
  const auto none = tokenize("the fox", small(), true, 2, "text");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->ids, (std::vector<std::int64_t>{small().begin, small().end}));
}

TEST(Tokenizer, CountsUnknownTokens) {
  const auto tokens = tokenize("the zebra and fox", small(), true, 16, "text");
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->unknown, 2);
}

// ---- for all texts --------------------------------------------------------------------------

const Vocabulary& builtin() {
  static const Vocabulary vocabulary = *parse_vocabulary(builtin_vocabulary_text(), "built-in");
  return vocabulary;
}

// Letters of several kinds, spaces, punctuation, accents, anything.
std::u32string any_text() {
  const auto character = rc::gen::oneOf(
      rc::gen::cast<char32_t>(rc::gen::inRange<std::uint32_t>(32, 127)),
      rc::gen::element<char32_t>(' ', U'\u00e9', U'\u0301', U'\u4e2d', U'\u3000', U'\u200d'),
      rc::gen::cast<char32_t>(rc::gen::inRange<std::uint32_t>(1, 0x10ffff)));
  return *rc::gen::container<std::u32string>(character);
}

TEST(Tokenizer, NeverTooLong) {
  EXPECT_TRUE(rc::check([] {
    const auto length = *rc::gen::inRange<std::size_t>(2, 12);
    const auto tokens =
        tokenize(utf8_of(any_text()), builtin(), *rc::gen::arbitrary<bool>(), length, "text");
    RC_ASSERT(tokens.has_value());
    RC_ASSERT(tokens->ids.size() >= 2U);
    RC_ASSERT(tokens->ids.size() <= length);
    RC_ASSERT(tokens->ids.front() == builtin().begin);
    RC_ASSERT(tokens->ids.back() == builtin().end);
  }));
}

TEST(Tokenizer, PiecesMakeTheWord) {
  EXPECT_TRUE(rc::check([] {
    const auto words = split_words(utf8_of(any_text()), *rc::gen::arbitrary<bool>(), "text");
    RC_ASSERT(words.has_value());
    for (const auto& word : *words) {
      RC_ASSERT(!word.empty());
      std::vector<std::int64_t> ids;
      append_pieces(word, builtin(), ids);
      RC_ASSERT(!ids.empty());
      if (ids == std::vector<std::int64_t>{builtin().unknown}) continue;
      std::string joined;
      for (const std::int64_t id : ids) {
        const std::string& token = builtin().tokens[static_cast<std::size_t>(id)];
        joined += joined.empty() ? token : token.substr(2);
      }
      RC_ASSERT(joined == utf8_of(word));
    }
  }));
}

TEST(Tokenizer, VisibleAsciiIsNeverUnknown) {
  EXPECT_TRUE(rc::check([] {
    const auto text =
        *rc::gen::resize(60, rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~')));
    const auto tokens = tokenize(text, builtin(), *rc::gen::arbitrary<bool>(), 512, "text");
    RC_ASSERT(tokens.has_value());
    RC_ASSERT(tokens->unknown == 0);
  }));
}

// ---- vocabularies and texts of ours ---------------------------------------------------------

TEST(Vocabulary, WhatIsMissingIsNamed) {
  const auto what = [](const std::string& text) {
    const auto vocabulary = parse_vocabulary(text, "vocab.txt");
    EXPECT_FALSE(vocabulary);
    return vocabulary ? "" : to_string(vocabulary.error());
  };
  EXPECT_THAT(what(""), HasSubstr("vocab.txt: is an empty file"));
  EXPECT_THAT(what("[PAD]\n[CLS]\nword\n"), HasSubstr("has no token [UNK], [SEP]"));
  EXPECT_THAT(what("[PAD]\n[UNK]\n[CLS]\n[SEP]\nfox\nthe\nfox\n"),
              HasSubstr("token 'fox' stands on lines 5 and 7"));
  EXPECT_THAT(what("[PAD]\n\n[UNK]\n"), HasSubstr("line 2 is empty"));
  EXPECT_THAT(what("[PAD]\n\xff\n"), HasSubstr("is no text in UTF-8"));
}

TEST(Vocabulary, NumbersAreLines) {
  const auto vocabulary = parse_vocabulary("[UNK]\r\nfox\r\n[PAD]\r\n[SEP]\r\n[CLS]", "v");
  ASSERT_TRUE(vocabulary) << to_string(vocabulary.error());
  EXPECT_EQ(vocabulary->unknown, 0);
  EXPECT_EQ(vocabulary->pad, 2);
  EXPECT_EQ(vocabulary->end, 3);
  EXPECT_EQ(vocabulary->begin, 4);
  EXPECT_EQ(vocabulary->ids.at("fox"), 1);
}

TEST(Vocabulary, OursIsSound) {
  EXPECT_GT(builtin().tokens.size(), 1500U);
  EXPECT_LT(builtin().tokens.size(), 3000U);
  for (const auto word : builtin_words()) EXPECT_TRUE(builtin().ids.contains(std::string(word)));
}

TEST(MadeUpText, HasExactlyItsWords) {
  for (const std::int64_t words : {1, 2, 7, 512}) {
    const std::string text = made_up_text(3, words);
    EXPECT_EQ(std::count(text.begin(), text.end(), ' ') + 1, words);
    EXPECT_EQ(text.back(), '.');
  }
  EXPECT_EQ(made_up_text(3, 40), made_up_text(3, 40));
  EXPECT_NE(made_up_text(3, 40), made_up_text(4, 40));
  EXPECT_EQ(made_up_text(3, 0), "");
}

}  // namespace
}  // namespace isojoule
