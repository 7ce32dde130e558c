#include "app/helper/protocol.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace isojoule::helper {
namespace {

const std::filesystem::path kCorpus =
    std::filesystem::path(ISOJOULE_SOURCE_DIR) / "src/app/helper/corpus";

std::string content(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(kCorpus / (name + ".json"), std::ios::binary).rdbuf();
  return text.str();
}

ErrorKind kind_of(const std::string& line) {
  const auto request = parse_request(line);
  EXPECT_FALSE(request) << line;
  return request ? ErrorKind::internal : request.error().kind;
}

TEST(HelperProtocol, RequestsComeBack) {
  const std::vector<Request> all = {{Verb::hello, "", ""},
                                    {Verb::open, "/sys/a b/c..d", ""},
                                    {Verb::write, "/sys/a", "fast mode\n"},
                                    {Verb::bye, "", ""}};
  for (const auto& request : all) {
    const std::string line = to_line(request);
    ASSERT_EQ(line.back(), '\n');
    const auto again = parse_request(line.substr(0, line.size() - 1));
    ASSERT_TRUE(again) << line << to_string(again.error());
    EXPECT_EQ(*again, request);
  }
}

TEST(HelperProtocol, TakesTheCorpussGoodRequests) {
  for (const char* name : {"hello", "open", "write", "write_newline", "bye"})
    EXPECT_TRUE(parse_request(content(name))) << name;
}

TEST(HelperProtocol, RefusesWhatIsNoRequest) {
  for (const char* name :
       {"open_dots", "open_relative", "open_double_slash", "open_nul", "open_number",
        "write_two_lines", "write_empty", "write_extra_key", "unknown"})
    EXPECT_EQ(kind_of(content(name)), ErrorKind::invalid) << name;
  for (const char* name : {"no_object", "deep", "cut", "garbage", "bad_utf8"})
    EXPECT_EQ(kind_of(content(name)), ErrorKind::parse) << name;
  EXPECT_EQ(kind_of(content("hello_newer")), ErrorKind::newer_schema);
  EXPECT_EQ(kind_of(R"({"request":"open","path":"/sys/"})"), ErrorKind::invalid);
  EXPECT_EQ(kind_of(R"({"request":"open","path":"/"})"), ErrorKind::invalid);
}

TEST(HelperProtocol, HoldsItsLimits) {
  const auto write = [](std::size_t size) {
    return to_line({Verb::write, "/sys/a", std::string(size, 'x')});
  };
  EXPECT_TRUE(parse_request(write(kTextLimit)));
  EXPECT_EQ(kind_of(write(kTextLimit + 1)), ErrorKind::invalid);
  EXPECT_EQ(kind_of(to_line({Verb::open, "/" + std::string(kPathLimit, 'x'), ""})),
            ErrorKind::invalid);
  EXPECT_EQ(kind_of(std::string(kRequestLimit + 1, ' ')), ErrorKind::invalid);
}

TEST(HelperProtocol, RepliesComeBack) {
  Reply hello;
  hello.board = "jetson-nano";
  hello.readable = {"/sys/a", "/sys/b"};
  hello.writable = {"/sys/b"};
  std::string line = to_line(hello, Verb::hello);
  line.pop_back();
  const auto again = parse_reply(line);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->board, hello.board);
  EXPECT_EQ(again->readable, hello.readable);
  EXPECT_EQ(again->writable, hello.writable);
  const auto busy = parse_reply(content("reply_busy"));
  ASSERT_TRUE(busy && busy->error);
  EXPECT_EQ(busy->error->kind, ErrorKind::busy);
  EXPECT_EQ(busy->error->remedy, "wait");
  EXPECT_FALSE(parse_reply(content("reply_bad_lists")));
}

TEST(HelperProtocol, LinesComeOutWhole) {
  LineBuffer buffer(8);
  buffer.append("on");
  EXPECT_FALSE(buffer.next()->has_value());
  buffer.append("e\n12345678\n\nre");
  EXPECT_EQ(**buffer.next(), "one");
  EXPECT_EQ(**buffer.next(), "12345678");
  EXPECT_EQ(**buffer.next(), "");
  EXPECT_FALSE(buffer.next()->has_value());
  buffer.append("st of it");  // 10 bytes and no end
  EXPECT_FALSE(buffer.next());
  LineBuffer other(8);
  other.append("123456789\n");
  EXPECT_FALSE(other.next());
}

// The corpus, every cut of it, and single changed bytes.
TEST(HelperProtocol, NothingBreaksIt) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    const std::string text = content(entry.path().stem().string());
    EXPECT_TRUE(protocol_holds(text)) << entry.path();
    for (std::size_t i = 0; i < text.size(); ++i) {
      ASSERT_TRUE(protocol_holds(text.substr(0, i))) << entry.path() << " cut at " << i;
      for (const char c : {'\0', '"', '/', '.', '\xff', '{', ','}) {
        std::string changed = text;
        changed[i] = c;
        ASSERT_TRUE(protocol_holds(changed)) << entry.path() << " changed at " << i;
      }
    }
  }
  EXPECT_GE(files, 20);
}

}  // namespace
}  // namespace isojoule::helper
