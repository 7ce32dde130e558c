#include "tensor/input.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tensor/elements.h"
#include "tensor/image.h"
#include "tensor/npy.h"
#include "tensor/picture.h"
#include "tensor/vocabulary.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using Options = std::map<std::string, std::string>;

const TensorSpec kPhoto = {"data", ElementType::float32, {2, 3, 8, 8}};

std::vector<TensorSpec> bert(std::int64_t batch, std::int64_t length) {
  return {{"input_ids", ElementType::int64, {batch, length}},
          {"token_type_ids", ElementType::int32, {batch, length}},
          {"attention_mask", ElementType::int64, {batch, length}}};
}

class Inputs : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "isojoule-inputs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  std::string put_image(const std::string& name, std::uint64_t seed) {
    return put(name, encode_png(made_up_picture(seed, 20, 16)));
  }
  std::string path(const std::string& name = "") { return (folder_ / name).string(); }

  fs::path folder_;
};

Result<PreparedInputs> prepare(const std::vector<TensorSpec>& inputs, Options options) {
  ISOJOULE_TRY(const InputOptions read, take_input_options(options));
  ISOJOULE_TRY(const InputSource source, open_inputs(inputs, read, 7));
  return prepare_inputs(source);
}

PreparedInputs prepared(const std::vector<TensorSpec>& inputs, const Options& options) {
  auto result = prepare(inputs, options);
  EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
  return result ? std::move(*result) : PreparedInputs();
}

std::string error_of(const std::vector<TensorSpec>& inputs, const Options& options,
                     ErrorKind kind) {
  const auto result = prepare(inputs, options);
  EXPECT_FALSE(result);
  if (result) return "";
  EXPECT_EQ(result.error().kind, kind) << to_string(result.error());
  EXPECT_FALSE(result.error().remedy.empty()) << to_string(result.error());
  return to_string(result.error());
}

// ---- options --------------------------------------------------------------------------------

TEST_F(Inputs, OptionsTakeTheirOwnAndLeaveTheRest) {
  Options options = {{"input.mean", "0.485, 0.456,0.406"},
                     {"input.std", "0.229,0.224,0.225"},
                     {"input.scale", "255"},
                     {"input.colour", "bgr"},
                     {"input.resize", "crop"},
                     {"input.layout", "nhwc"},
                     {"input.lowercase", "off"},
                     {"input.count", "12"},
                     {"threads", "4"},
                     {"inputs", "x"}};
  const auto read = take_input_options(options);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(options, (Options{{"threads", "4"}, {"inputs", "x"}}));
  EXPECT_EQ(read->image.mean, (std::array<double, 3>{0.485, 0.456, 0.406}));
  EXPECT_EQ(read->image.scale, 255);
  EXPECT_TRUE(read->image.bgr);
  EXPECT_EQ(read->image.resize, ImageOptions::Resize::crop);
  EXPECT_EQ(read->image.layout, ImageOptions::Layout::nhwc);
  EXPECT_FALSE(read->text.lowercase);
  EXPECT_EQ(read->count, 12);
  EXPECT_FALSE(read->kind);
}

TEST_F(Inputs, WrongOptionsAreNamed) {
  EXPECT_THAT(error_of({kPhoto}, {{"input.resise", "crop"}}, ErrorKind::not_found),
              HasSubstr("unknown option 'input.resise'. Did you mean 'input.resize'?"));
  for (const auto& [key, value] : Options{{"input.mean", "0.5,0.5"},
                                          {"input.std", "1,0,1"},
                                          {"input.scale", "2"},
                                          {"input.count", "0"},
                                          {"input.count", "many"},
                                          {"input.kind", "video"},
                                          {"input.lowercase", "true"},
                                          {"input.mean", "123,117,104"}})
    EXPECT_THAT(error_of({kPhoto}, {{key, value}}, ErrorKind::invalid), HasSubstr(key + "="));
}

// ---- random ---------------------------------------------------------------------------------

TEST_F(Inputs, RandomByDefault) {
  const auto one = prepared({kPhoto}, {});
  ASSERT_EQ(one.batches.size(), 1U);
  EXPECT_EQ(one.counts.inputs, 2);
  const auto more = prepared({kPhoto}, {{"input.count", "5"}});
  ASSERT_EQ(more.batches.size(), 3U);
  EXPECT_EQ(more.batches[0][0].data, one.batches[0][0].data);
  EXPECT_NE(more.batches[0][0].data, more.batches[1][0].data);
  EXPECT_EQ(more.batches[0][0].spec, kPhoto);
  EXPECT_EQ(prepared({{"x", ElementType::float32, {}}}, {}).batches[0][0].data.size(), 4U);
}

TEST_F(Inputs, AModelWithoutInputsAndRandomFromAPath) {
  error_of({}, {}, ErrorKind::invalid);
  error_of({kPhoto}, {{"input.kind", "random"}, {"input.path", path()}}, ErrorKind::invalid);
}

// ---- images ---------------------------------------------------------------------------------

TEST_F(Inputs, AFolderOfImagesInOrderAndRepeated) {
  put_image("b.png", 2);
  put_image("a.PNG", 1);
  put_image("c.png", 3);
  put("notes.md", "no image");
  put(".hidden.png", "no image either");
  const auto inputs = prepared({kPhoto}, {{"input.path", path()}});
  ASSERT_EQ(inputs.batches.size(), 2U);
  EXPECT_EQ(inputs.counts.files, 3);
  EXPECT_EQ(inputs.counts.inputs, 4);
  EXPECT_THAT(inputs.notes, Contains(HasSubstr("1 files left out")));
  EXPECT_THAT(inputs.notes, Contains(HasSubstr("3 inputs fill 4 places")));
  const auto first =
      prepared({{"data", ElementType::float32, {1, 3, 8, 8}}}, {{"input.path", path("a.PNG")}});
  const auto& batch = inputs.batches[0][0].data;
  EXPECT_TRUE(
      std::equal(first.batches[0][0].data.begin(), first.batches[0][0].data.end(), batch.begin()));
  // The fourth place has the first image again.
  EXPECT_TRUE(
      std::equal(batch.begin(), batch.begin() + 768, inputs.batches[1][0].data.begin() + 768));
}

TEST_F(Inputs, CountChoosesTheFirstFiles) {
  for (int i = 0; i < 5; ++i) put_image(std::to_string(i) + ".png", 1);
  EXPECT_EQ(prepared({kPhoto}, {{"input.path", path()}, {"input.count", "2"}}).counts.files, 2);
  const auto many = prepared({kPhoto}, {{"input.path", path()}, {"input.count", "9"}});
  EXPECT_EQ(many.batches.size(), 5U);
  EXPECT_EQ(many.counts.files, 5);
}

TEST_F(Inputs, AListOfImages) {
  put_image("set/one.png", 1);
  put_image("set/two.png", 2);
  const std::string list = put("list.txt", "\nset/two.png\nset/one.png\r\n\n");
  EXPECT_EQ(prepared({kPhoto}, {{"input.path", list}}).counts.files, 2);
  put("list.txt", "set/two.png\nset/three.png\n");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", list}}, ErrorKind::not_found),
              HasSubstr("three.png"));
}

TEST_F(Inputs, MadeUpImagesAreTheSameEveryTime) {
  const auto one = prepared({kPhoto}, {{"input.kind", "image"}});
  const auto again = prepared({kPhoto}, {{"input.kind", "image"}});
  ASSERT_EQ(one.batches.size(), 1U);
  EXPECT_EQ(one.batches[0][0].data, again.batches[0][0].data);
  EXPECT_EQ(one.counts.files, 0);
  const auto values = float_values(one.batches[0][0]);
  EXPECT_THAT(values, testing::Each(testing::AllOf(testing::Ge(0), testing::Le(1))));
}

TEST_F(Inputs, BrokenImagesAreNamed) {
  const std::string text = put("bad/text.jpg", "<html>404</html>");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", path("bad")}}, ErrorKind::parse),
              HasSubstr(text + ": is no image"));
  const std::string empty = put("empty.png", "");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", empty}}, ErrorKind::parse),
              HasSubstr(empty + ": is an empty file"));
  const std::string whole = encode_jpeg(made_up_picture(1, 64, 64), 90);
  const std::string cut = put("cut.jpg", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", cut}}, ErrorKind::parse),
              HasSubstr(cut + ": is a damaged image"));
  const std::string huge = put("huge.ppm", "P6 30000 30000 255\n");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", huge}}, ErrorKind::out_of_range),
              HasSubstr("too large"));
}

TEST_F(Inputs, PathsThatHoldNothing) {
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", path("none")}}, ErrorKind::not_found),
              HasSubstr("none"));
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", path("empty")}}, ErrorKind::invalid),
              HasSubstr("is an empty folder"));
  put("other/a.md", "x");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", path("other")}}, ErrorKind::invalid),
              HasSubstr("holds no images, texts or tensors"));
  put_image("mixed/a.png", 1);
  put("mixed/b.txt", "x");
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", path("mixed")}}, ErrorKind::invalid),
              HasSubstr("input.kind"));
  EXPECT_EQ(
      prepared({kPhoto}, {{"input.path", path("mixed")}, {"input.kind", "image"}}).counts.files, 1);
}

TEST_F(Inputs, OtherInputsBesideTheImageAreRandom) {
  const auto inputs =
      prepared({{"size", ElementType::int64, {2, 2}}, kPhoto}, {{"input.kind", "image"}});
  ASSERT_EQ(inputs.batches[0].size(), 2U);
  EXPECT_THAT(inputs.notes, Contains("input 'size' (2x2, int64) is filled with random values"));
}

// ---- texts ----------------------------------------------------------------------------------

TEST_F(Inputs, LinesBecomeTokens) {
  const std::string vocabulary = put("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfox\n##es\n");
  const std::string lines = put("lines.txt", "The foxes\n\nthe zebra the fox the\n");
  const auto inputs =
      prepared(bert(2, 6), {{"input.path", lines}, {"input.vocabulary", vocabulary}});
  ASSERT_EQ(inputs.batches.size(), 1U);
  const auto& batch = inputs.batches[0];
  EXPECT_EQ(float_values(batch[0]), (std::vector<float>{2, 4, 5, 6, 3, 0, 2, 4, 1, 4, 5, 3}));
  EXPECT_EQ(float_values(batch[1]), std::vector<float>(12, 0));
  EXPECT_EQ(float_values(batch[2]), (std::vector<float>{1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(inputs.counts.tokens, 11);
  EXPECT_EQ(inputs.counts.unknown_tokens, 1);
  EXPECT_EQ(inputs.counts.truncated_texts, 1);
  EXPECT_EQ(inputs.counts.files, 1);
  EXPECT_THAT(inputs.notes, Contains(HasSubstr("largest token number is 6")));
}

TEST_F(Inputs, AFolderOfTexts) {
  put("texts/a.txt", "the fox");
  put("texts/b.txt", "over\nseveral lines");
  EXPECT_EQ(prepared(bert(2, 8), {{"input.path", path("texts")}}).counts.inputs, 2);
  put("texts/c.txt", " \n ");
  EXPECT_THAT(error_of(bert(1, 8), {{"input.path", path("texts")}}, ErrorKind::invalid),
              HasSubstr("c.txt: has no text in it"));
}

TEST_F(Inputs, MadeUpTextsFillTheSequence) {
  const auto inputs = prepared(bert(2, 128), {{"input.kind", "text"}});
  EXPECT_EQ(inputs.counts.tokens, 256);
  EXPECT_EQ(inputs.counts.unknown_tokens, 0);
  const auto few = prepared(bert(1, 128), {{"input.kind", "text"}, {"input.words", "10"}});
  EXPECT_LT(few.counts.tokens, 40);
  EXPECT_EQ(few.counts.truncated_texts, 0);
  EXPECT_THAT(few.notes, Contains("made-up texts of 10 words"));
}

TEST_F(Inputs, ModelsThatNameTheirInputsOtherwise) {
  const std::vector<TensorSpec> named = {{"segment_ids:0", ElementType::int32, {1, 8}},
                                         {"input_mask:0", ElementType::int32, {1, 8}},
                                         {"ids:0", ElementType::int32, {1, 8}},
                                         {"position_ids", ElementType::int32, {1, 8}}};
  const auto found = prepared(named, {{"input.kind", "text"}});
  EXPECT_EQ(get_element<std::int32_t>(found.batches[0][2], 0), 2);  // [CLS]
  EXPECT_EQ(get_element<std::int32_t>(found.batches[0][1], 0), 1);
  EXPECT_EQ(get_element<std::int32_t>(found.batches[0][3], 7), 7);
  const std::vector<TensorSpec> only = {{"x", ElementType::int64, {1, 8}}};
  EXPECT_EQ(get_element<std::int64_t>(prepared(only, {{"input.kind", "text"}}).batches[0][0], 0),
            2);
  const std::vector<TensorSpec> two = {{"words", ElementType::int64, {1, 8}},
                                       {"shown", ElementType::int64, {1, 8}}};
  const Options told = {{"input.kind", "text"}, {"input.ids", "words"}, {"input.mask", "shown"}};
  EXPECT_EQ(get_element<std::int64_t>(prepared(two, told).batches[0][1], 0), 1);
  EXPECT_THAT(error_of(two, {{"input.kind", "text"}}, ErrorKind::invalid),
              HasSubstr("input.ids=NAME"));
  EXPECT_THAT(error_of(two, {{"input.kind", "text"}, {"input.ids", "word"}}, ErrorKind::not_found),
              HasSubstr("Did you mean 'words'?"));
}

TEST_F(Inputs, TextsThatAreNone) {
  const std::string latin = put("latin.txt", "caf\xe9 au lait\n");
  EXPECT_THAT(
      error_of(bert(1, 8), {{"input.path", latin}, {"input.kind", "text"}}, ErrorKind::parse),
      HasSubstr(latin + ", line 1: is no text in UTF-8"));
  const std::string empty = put("empty.txt", "");
  EXPECT_THAT(error_of(bert(1, 8), {{"input.path", empty}}, ErrorKind::invalid),
              HasSubstr("has no text in it"));
  EXPECT_THAT(error_of(bert(1, 1), {{"input.kind", "text"}}, ErrorKind::invalid),
              HasSubstr("takes no texts"));
  EXPECT_THAT(error_of({kPhoto}, {{"input.kind", "text"}}, ErrorKind::invalid),
              HasSubstr("no input of the model takes texts"));
  error_of(bert(1, 8), {{"input.kind", "text"}, {"input.vocabulary", path("none")}},
           ErrorKind::not_found);
}

// ---- tensors --------------------------------------------------------------------------------

std::string npy_of(const TensorSpec& spec, float first) {
  Tensor tensor = make_tensor(spec);
  std::vector<float> values(tensor.data.size() / size_of(spec.type));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  put_values(tensor, 0, values);
  return npy_bytes(tensor);
}

TEST_F(Inputs, StoredSamplesBecomeBatches) {
  const TensorSpec spec = {"x", ElementType::float32, {2, 2}};
  const std::string file = put("x.npy", npy_of({"", ElementType::float32, {3, 2}}, 0));
  const auto inputs = prepared({spec}, {{"input.path", file}});
  ASSERT_EQ(inputs.batches.size(), 2U);
  EXPECT_EQ(float_values(inputs.batches[0][0]), (std::vector<float>{0, 1, 2, 3}));
  EXPECT_EQ(float_values(inputs.batches[1][0]), (std::vector<float>{4, 5, 0, 1}));
  put("many/a.npy", npy_of({"", ElementType::float32, {2}}, 10));
  put("many/b.npy", npy_of({"", ElementType::float32, {1, 2}}, 20));
  EXPECT_EQ(float_values(prepared({spec}, {{"input.path", path("many")}}).batches[0][0]),
            (std::vector<float>{10, 11, 20, 21}));
}

TEST_F(Inputs, SeveralInputsByName) {
  const std::vector<TensorSpec> two = {{"image:0", ElementType::float32, {1, 2}},
                                       {"size", ElementType::int64, {3}}};
  put("set/image_0.npy", npy_of({"", ElementType::float32, {2, 2}}, 0));
  EXPECT_THAT(error_of(two, {{"input.path", path("set")}}, ErrorKind::not_found),
              HasSubstr("has no size.npy for input 'size' (3, int64)"));
  put("set/size.npy", npy_of(two[1], 5));
  const auto inputs = prepared(two, {{"input.path", path("set")}});
  ASSERT_EQ(inputs.batches.size(), 2U);
  EXPECT_EQ(float_values(inputs.batches[1][0]), (std::vector<float>{2, 3}));
  EXPECT_EQ(float_values(inputs.batches[1][1]), (std::vector<float>{5, 6, 7}));
}

TEST_F(Inputs, AWrongShapeSaysBoth) {
  const std::string file = put("x.npy", npy_of({"", ElementType::float32, {2, 3, 9, 9}}, 0));
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", file}}, ErrorKind::invalid),
              HasSubstr("wrong input shape 2x3x9x9 for input 'data' (2x3x8x8, float32)"));
  const std::string type = put("y.npy", npy_of({"", ElementType::float64, {2, 3, 8, 8}}, 0));
  EXPECT_THAT(error_of({kPhoto}, {{"input.path", type}}, ErrorKind::invalid),
              HasSubstr("wrong element type float64 for input 'data'"));
  error_of({kPhoto}, {{"input.kind", "tensor"}}, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule
