#include "fleet/object.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fleet/catalogue.h"
#include "fleet/name.h"
#include "fleet/nats_server.h"

namespace isojoule::fleet {
namespace {

using test::NatsServer;
using testing::HasSubstr;

class ObjectTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    if (!NatsServer::available()) return;
    server = std::make_unique<NatsServer>();
    auto connected = Bus::connect({.url = server->url()});
    ASSERT_TRUE(connected) << to_string(connected.error());
    bus = std::move(*connected);
    ASSERT_TRUE(set_up(*bus, 1));
  }
  static void TearDownTestSuite() {
    bus.reset();
    server.reset();
  }
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    ASSERT_TRUE(bus);
  }
  static std::string file(const std::string& name, const std::string& bytes) {
    const std::string path = server->folder() + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  // What the server has of an object beside its first piece.
  static std::size_t messages(const ObjectName& name) {
    const auto subjects =
        bus->subjects(kObjects, "isojoule.object." + name.writer + "." + name.hash + ".*");
    EXPECT_TRUE(subjects);
    std::size_t all = 0;
    for (const auto& [subject, count] : *subjects) all += count;
    return all;
  }
  static std::unique_ptr<NatsServer> server;
  static std::unique_ptr<Bus> bus;
};
std::unique_ptr<NatsServer> ObjectTest::server;
std::unique_ptr<Bus> ObjectTest::bus;

std::string pattern(std::size_t bytes, unsigned seed) {
  std::string text(bytes, '\0');
  for (char& letter : text)
    letter = static_cast<char>((seed = seed * 1664525U + 1013904223U) >> 24U);
  return text;
}

template <typename T>
void expect_damaged(const Result<T>& result, const std::string& words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(name_of(result.error().kind), "damaged") << to_string(result.error());
  EXPECT_THAT(to_string(result.error()), HasSubstr(words));
}

TEST(Sha256, IsThatOfItsStandard) {
  ISOJOULE_NEEDS_NATS_SERVER();
  // FIPS 180-4's examples.
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(ObjectTest, BytesComeBackAndAreStoredOnce) {
  for (const std::size_t size : {0UL, 1UL, 524'288UL, 524'289UL, 1'500'000UL}) {
    const std::string bytes = pattern(size, 1);
    const auto name = put_object(*bus, "plan", bytes);
    ASSERT_TRUE(name) << to_string(name.error());
    EXPECT_EQ(name->bytes, static_cast<std::int64_t>(size));
    const std::size_t pieces = (size + 524'287) / 524'288;
    EXPECT_EQ(messages(*name), pieces + 1);
    EXPECT_TRUE(put_object(*bus, "plan", bytes));
    EXPECT_EQ(messages(*name), pieces + 1);
    const auto back = get_object(*bus, *name);
    ASSERT_TRUE(back) << to_string(back.error());
    EXPECT_EQ(*back, bytes);
  }
}

TEST_F(ObjectTest, AHalfObjectIsNoneAndIsMadeWhole) {
  const std::string bytes = pattern(1'200'000, 2);
  const ObjectName name{"plan", sha256(bytes), 1'200'000};
  ASSERT_TRUE(bus->publish(object_subject("plan", name.hash, 1), bytes.substr(0, 524'288)));
  const auto half = get_object(*bus, name);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().kind, ErrorKind::not_found);
  ASSERT_TRUE(put_object(*bus, "plan", bytes));
  EXPECT_EQ(messages(name), 4U);
  EXPECT_EQ(*get_object(*bus, name), bytes);
}

TEST_F(ObjectTest, BytesOfAnotherHashAreNeverGivenOut) {
  const std::string bytes = pattern(600'000, 3);
  const auto name = put_object(*bus, "forger", bytes);
  ASSERT_TRUE(name);
  ASSERT_TRUE(bus->publish(object_subject("forger", name->hash, 2), "something else"));
  expect_damaged(get_object(*bus, *name), name->hash);
  const std::string other = pattern(600'000 - 524'288, 4);
  ASSERT_TRUE(bus->publish(object_subject("forger", name->hash, 2), other));
  expect_damaged(get_object(*bus, *name), sha256(bytes.substr(0, 524'288) + other));
  const std::string folder = server->folder() + "/forged";
  expect_damaged(get_file(*bus, *name, folder), "was wanted");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(ObjectTest, AMissingPieceOrAWrongLengthIsSaid) {
  const auto name = put_object(*bus, "holes", pattern(1'100'000, 5));
  ASSERT_TRUE(name);
  ObjectName longer = *name;
  ++longer.bytes;
  expect_damaged(get_object(*bus, longer), "should have 1100001 bytes");
  ASSERT_TRUE(bus->purge(kObjects, object_subject("holes", name->hash, 2)));
  expect_damaged(get_object(*bus, *name), "piece 2 of 3");
  ASSERT_TRUE(bus->publish(object_subject("holes", name->hash, 0), "[1]"));
  expect_damaged(get_object(*bus, *name), "begins with something else");
}

TEST_F(ObjectTest, AFileIsThereWholeAndHashedAgain) {
  const std::string bytes = pattern(1'000'000, 6);
  const auto name = put_file(*bus, "board-1", file("network.onnx", bytes));
  ASSERT_TRUE(name) << to_string(name.error());
  EXPECT_EQ(name->hash, sha256(bytes));
  const std::string folder = server->folder() + "/cache/objects";
  const auto path = get_file(*bus, *name, folder);
  ASSERT_TRUE(path) << to_string(path.error());
  EXPECT_EQ(text_of(*path), bytes);
  std::ofstream(*path, std::ios::binary | std::ios::in) << "spoiled";
  ASSERT_NE(text_of(*path), bytes);
  ASSERT_TRUE(get_file(*bus, *name, folder));
  EXPECT_EQ(text_of(*path), bytes);
  ASSERT_TRUE(bus->purge(kObjects, "isojoule.object.board-1.>"));
  EXPECT_TRUE(get_file(*bus, *name, folder));  // needs nobody
}

TEST_F(ObjectTest, NamesAreCheckedBeforeAnythingIsTouched) {
  const std::string hash = sha256("x");
  for (const ObjectName& name :
       {ObjectName{"plan", "../../etc/passwd", 1}, ObjectName{"a.b", hash, 1},
        ObjectName{"plan", hash, -1}, ObjectName{"", hash, 1}}) {
    const auto file = get_file(*bus, name, server->folder() + "/never");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, ErrorKind::invalid);
  }
  EXPECT_FALSE(std::filesystem::exists(server->folder() + "/never"));
  const auto missing = put_file(*bus, "plan", server->folder() + "/missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(put_file(*bus, "plan", server->folder()));
}

}  // namespace
}  // namespace isojoule::fleet
