#include "tensor/npy.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text_file.h"
#include "tensor/elements.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

std::string dictionary(const std::string& descr, const std::string& shape,
                       const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::string error_of(const std::string& bytes) {
  const auto tensor = parse_npy(bytes, "x.npy");
  EXPECT_FALSE(tensor);
  return tensor ? "" : to_string(tensor.error());
}

TEST(Npy, ReadsWhatNumpyWrites) {
  // numpy.save of numpy.array([[1.0, -2.5]], dtype=float32), its header padded to 128 bytes.
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  header.resize(117, ' ');
  header += '\n';
  const std::string data("\x00\x00\x80\x3f\x00\x00\x20\xc0", 8);
  for (const int version : {1, 2, 3}) {
    const auto tensor = parse_npy(file_of(header, data, version), "x.npy");
    ASSERT_TRUE(tensor) << to_string(tensor.error());
    EXPECT_EQ(tensor->spec.shape, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(float_values(*tensor), (std::vector<float>{1.0F, -2.5F}));
  }
}

TEST(Npy, ReadsAScalarAndNothing) {
  const auto scalar = parse_npy(file_of(dictionary("|u1", "()"), "a"), "x.npy");
  ASSERT_TRUE(scalar) << to_string(scalar.error());
  EXPECT_TRUE(scalar->spec.shape.empty());
  const auto none = parse_npy(file_of(dictionary("<i8", "(0, 3)"), ""), "x.npy");
  ASSERT_TRUE(none) << to_string(none.error());
  EXPECT_TRUE(none->data.empty());
}

TEST(Npy, ABrokenFileIsNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("x.npy: is no .npy file"));
  EXPECT_THAT(error_of("PK\x03\x04 a zip of arrays"), HasSubstr("is no .npy file"));
  EXPECT_THAT(error_of("\x93NUMPY\x01"), HasSubstr("ends within its header"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(1,)"), "").substr(0, 20)),
              HasSubstr("ends within its header"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(2,)"), "1234")),
              HasSubstr("has 4 bytes of data, which is not what 2 elements of float32 take"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(1,)"), "12345")), HasSubstr("5 bytes"));
  EXPECT_THAT(error_of(file_of("{'descr': '<f4'}", "1234")), HasSubstr("has a header"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(-1,)"), "1234")), HasSubstr("has a header"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(99999999999, 99999999999)"), "1234")),
              HasSubstr("has 4 bytes"));
}

TEST(Npy, WhatIsNotReadSaysTheWayOut) {
  EXPECT_THAT(error_of(file_of(dictionary(">f4", "(1,)"), "1234")), HasSubstr("little-endian"));
  EXPECT_THAT(error_of(file_of(dictionary("<c8", "(1,)"), "12345678")),
              HasSubstr("elements of type '<c8'"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(1, 1)", "True"), "1234")),
              HasSubstr("ascontiguousarray"));
  EXPECT_THAT(error_of(file_of(dictionary("<f4", "(1,)"), "1234", 4)), HasSubstr("version 4"));
  // One dimension lies in both orders at once.
  EXPECT_TRUE(parse_npy(file_of(dictionary("<f4", "(1,)", "True"), "1234"), "x.npy"));
}

TEST(Npy, HeadersAreAMultipleOf64) {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{}, {7}, {1, 3, 224, 224}}) {
    const std::string bytes = npy_bytes({{"x", ElementType::int8, shape}, {}});
    EXPECT_EQ(bytes.size() % 64, 0U);
    EXPECT_EQ(bytes.back(), '\n');
  }
  EXPECT_THAT(npy_bytes(make_tensor({"x", ElementType::int8, {7}})), HasSubstr("'shape': (7,), }"));
  EXPECT_THAT(npy_bytes(make_tensor({"x", ElementType::int8, {}})), HasSubstr("'shape': (), }"));
}

TEST(Npy, RoundTrip) {
  EXPECT_TRUE(rc::check([] {
    Tensor tensor;
    tensor.spec.type = static_cast<ElementType>(*rc::gen::inRange(0, 8));
    tensor.spec.shape = *rc::gen::resize(
        4, rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 5)));
    const std::size_t size =
        element_count(tensor.spec.shape).value_or(0) * size_of(tensor.spec.type);
    const auto bytes = *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
    tensor.data.resize(size);
    if (size > 0) std::memcpy(tensor.data.data(), bytes.data(), size);
    const auto again = parse_npy(npy_bytes(tensor), "x");
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->spec == tensor.spec);
    RC_ASSERT(again->data == tensor.data);
  }));
}

TEST(Npy, FilesAreNamedAfterTensors) {
  EXPECT_EQ(npy_file_name("logits"), "logits.npy");
  EXPECT_EQ(npy_file_name("model/input_ids:0"), "model_input_ids_0.npy");
  EXPECT_EQ(npy_file_name("../../etc/passwd"), "_.._.._etc_passwd.npy");
  EXPECT_EQ(npy_file_name(""), "_.npy");
}

TEST(Npy, IsWrittenToAFile) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("isojoule-" + std::to_string(::getpid()) + ".npy"))
          .string();
  Tensor tensor = make_tensor({"", ElementType::float16, {2, 2}});
  put_values(tensor, 0, std::vector<float>{1, 2, 3, 4});
  ASSERT_TRUE(write_npy(tensor, path));
  const auto text = read_text_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(text);
  const auto again = parse_npy(*text, path);
  ASSERT_TRUE(again);
  EXPECT_EQ(float_values(*again), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_FALSE(write_npy(tensor, "/nowhere/x.npy"));
}

}  // namespace
}  // namespace isojoule
