// Open axes, weights in other files, files larger than memory should have to hold.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cost/test_model.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

CostOptions with_shapes(const std::vector<std::string>& texts) {
  CostOptions options;
  for (const auto& text : texts) EXPECT_TRUE(parse_shape_option(text, options)) << text;
  return options;
}

const std::string kOpen = "g (float[N,3,height,width] x) => (float[N,3,a,b] y) { y = Relu(x) }";

Result<NetworkCost> open_cost(const std::vector<std::string>& texts) {
  return network_cost_of_bytes(model_of(kOpen).SerializeAsString(), with_shapes(texts), "m");
}

TEST(CostShape, ClosesAxesByNameOrAWholeInput) {
  for (const auto& texts : std::vector<std::vector<std::string>>{
           {"height=8", "width=4"}, {"x=1x3x8x4"}, {"height=8", "width=4", "N=1"}}) {
    const auto cost = open_cost(texts);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_EQ(cost->layers[0].output_shape, (Dims{1, 3, 8, 4}));
  }
  const auto two = open_cost({"x=2x3x8x4"});
  ASSERT_TRUE(two);
  EXPECT_EQ(two->batch, 2);
}

TEST(CostShape, SaysWhichOptionIsMissing) {
  const auto cost = open_cost({"width=4"});
  ASSERT_FALSE(cost);
  EXPECT_THAT(cost.error().what, HasSubstr("input 'x' has no fixed size along axis 2 ('height')"));
  EXPECT_THAT(cost.error().remedy, HasSubstr("'--shape height=N'"));
  EXPECT_THAT(cost.error().remedy, HasSubstr("'--shape x=1x3xNx4'"));
}

TEST(CostShape, RefusesWhatTheModelHasNot) {
  for (const auto& [texts, says] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"depth=4"}, "'depth', which is no input"},
           {{"x=3x8x4"}, "3 axes, it has 4"},
           {{"x=1x3x8x4", "height=9"}, "'height' gets the sizes 9 and 8"}}) {
    const auto cost = open_cost(texts);
    ASSERT_FALSE(cost) << says;
    EXPECT_EQ(cost.error().kind, ErrorKind::invalid);
    EXPECT_THAT(cost.error().what, HasSubstr(says));
  }
  for (const char* text : {"", "x", "=1x2", "x=", "x=1x", "x=1,2", "x=0x2", "x=-1", "x=1x2y",
                           "x=99999999999999999999"}) {
    CostOptions options;
    EXPECT_FALSE(parse_shape_option(text, options)) << text;
  }
}

class CostFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("isojoule-external-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<NetworkCost> cost_with(const std::string& location, std::int64_t offset = 0) {
    auto model =
        model_of("g (float[1,6] x) => (float[1,4] y) { y = MatMul(x, w) }", {{"w", {6, 4}}});
    auto& tensor = *model.mutable_graph()->mutable_initializer(0);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    add("location", location);
    add("offset", std::to_string(offset));
    const auto path = folder_ / "net.onnx";
    std::ofstream(path, std::ios::binary) << model.SerializeAsString();
    return network_cost(path.string(), 1);
  }

  std::filesystem::path folder_;
};

TEST_F(CostFile, WeightsBesideTheModelAreNotRead) {
  std::ofstream(folder_ / "w.bin") << std::string(96, 'x');
  const auto cost = cost_with("w.bin");
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->parameters(), 24);
  EXPECT_TRUE(cost->notes.empty());
}

TEST_F(CostFile, MissingOrShortWeightsAreSaid) {
  std::ofstream(folder_ / "w.bin") << std::string(96, 'x');
  for (const auto& [location, offset] :
       std::vector<std::pair<std::string, std::int64_t>>{{"none.bin", 0}, {"w.bin", 1}}) {
    const auto cost = cost_with(location, offset);
    ASSERT_TRUE(cost) << to_string(cost.error());
    EXPECT_EQ(cost->macs(), 24);
    ASSERT_EQ(cost->notes.size(), 1u);
    EXPECT_THAT(cost->notes[0], HasSubstr(location));
  }
}

TEST_F(CostFile, WeightsOutsideTheFolderAreRefused) {
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link.bin");
  for (const char* location : {"/etc/passwd", "../w.bin", "a/../../w.bin", "link.bin"}) {
    const auto cost = cost_with(location);
    ASSERT_FALSE(cost) << location;
    EXPECT_EQ(cost.error().kind, ErrorKind::permission_denied);
    EXPECT_THAT(cost.error().what, HasSubstr("outside the model's folder"));
  }
}

// Protobuf refuses such a message; its weight is a hole in a sparse file here.
TEST_F(CostFile, AModelOfMoreThanTwoGigabytesIsReadWithoutItsWeights) {
  constexpr std::uint64_t kBytes = std::uint64_t{3} << 30;
  const auto tagged = [](int number, const std::string& head, std::uint64_t size) {
    std::string text(1, static_cast<char>(number << 3 | 2));
    for (size += head.size(); size >= 0x80; size >>= 7)
      text += static_cast<char>((size & 0x7f) | 0x80);
    return text + static_cast<char>(size) + head;
  };
  auto model = model_of("g (float[1,32768] x) => (float[1,24576] y) { y = MatMul(x, w) }");
  const std::string graph = model.graph().SerializeAsString();
  onnx::TensorProto tensor;
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(32768);
  tensor.add_dims(24576);
  const std::string weight = tagged(5, tensor.SerializeAsString() + tagged(9, "", kBytes), kBytes);
  model.clear_graph();
  const auto path = folder_ / "large.onnx";
  std::ofstream(path, std::ios::binary)
      << model.SerializeAsString() << tagged(7, graph + weight, kBytes);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + kBytes);
  const auto cost = network_cost(path.string(), 1);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_EQ(cost->parameters(), 32768LL * 24576);
  EXPECT_EQ(cost->macs(), 32768LL * 24576);
}

}  // namespace
}  // namespace isojoule
