// `isojoule cost` and each of its options, from the outside.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A protobuf field of bytes (wire type 2), or of a number (0); all here are short.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         bytes;
}
std::string field(int number, int value) {
  return std::string(1, static_cast<char>(number << 3)) + static_cast<char>(value);
}

// Input x [N, seq], then Relu, then an operator of a domain that nobody knows (onnx.proto).
std::string model_with_an_unknown_layer() {
  const auto node = [](const char* in, const char* out, const char* operation,
                       const std::string& domain) {
    return field(1, field(1, in) + field(2, out) + field(3, out) + field(4, operation) +
                        (domain.empty() ? "" : field(7, domain)));
  };
  const std::string shape = field(2, field(1, field(2, "N")) + field(1, field(2, "seq")));
  const std::string input = field(11, field(1, "x") + field(2, field(1, field(1, 1) + shape)));
  const std::string graph = node("x", "r", "Relu", "") + node("r", "y", "Odd", "own") +
                            field(2, "g") + input + field(12, field(1, "y"));
  return field(1, 7) + field(8, field(2, 13)) + field(7, graph);
}

json cost_json(const Workplace& place, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cost");
  arguments.emplace_back("--json");
  const Outcome outcome = place.run(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json::parse(outcome.out, nullptr, false);
}

TEST(CostCommand, JsonHasLayersAndATotalThatIsTheirSum) {
  const Workplace place;
  const json cost = cost_json(place, {"mobilenet-v2"});
  ASSERT_TRUE(cost.is_object());
  for (const char* key : {"macs", "flops", "parameters", "bytes_read", "bytes_written"}) {
    std::int64_t sum = 0;
    for (const json& layer : cost.at("layers")) sum += layer.at(key).get<std::int64_t>();
    EXPECT_EQ(cost.at("total").at(key).get<std::int64_t>(), sum) << key;
    EXPECT_GT(sum, 0) << key;
  }
  EXPECT_EQ(cost.at("layers").at(0).at("output_shape").size(), 4u);
}

TEST(CostCommand, ABatchMultipliesTheMacsNotTheParameters) {
  const Workplace place;
  const json one = cost_json(place, {"mobilenet-v2"}).at("total");
  const json four = cost_json(place, {"mobilenet-v2", "--batch", "4"}).at("total");
  EXPECT_EQ(four.at("macs").get<std::int64_t>(), 4 * one.at("macs").get<std::int64_t>());
  EXPECT_EQ(four.at("parameters"), one.at("parameters"));
}

TEST(CostCommand, AnUnknownLayerIsNullNotZeroNorEmpty) {
  const Workplace place;
  const std::string model = place.write("odd.onnx", model_with_an_unknown_layer());
  const json cost = cost_json(place, {model, "--shape", "seq=5", "--shape", "N=2"});
  const json& layer = cost.at("layers").at(1);
  EXPECT_EQ(layer.at("known"), false);
  for (const char* key : {"macs", "flops", "output_shape"}) EXPECT_TRUE(layer.at(key).is_null());
  EXPECT_EQ(cost.at("total").at("lacks_operations_of"), json({"own.Odd"}));
  EXPECT_EQ(cost.at("layers").at(0).at("output_shape"), json({2, 5}));
  const Outcome table = place.run({"cost", model, "--shape", "x=2x5"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("?"));
  EXPECT_THAT(table.out, HasSubstr("own.Odd"));
}

TEST(CostCommand, ABadShapeOrBatchSaysWhatToGive) {
  const Workplace place;
  const std::string model = place.write("odd.onnx", model_with_an_unknown_layer());
  for (const auto& [options, says] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "--shape seq=N"},
           {{"--shape", "seq=0"}, "--shape"},
           {{"--shape", "seq"}, "--shape"},
           {{"--shape", "width=5"}, "width"},
           {{"--shape", "x=2x5x5"}, "3 axes"},
           {{"--shape", "x=2x5", "--batch", "3"}, "--batch 3"},
           {{"--shape", "seq=9000000000000000000"}, "too large"},
           {{"--batch", "0"}, "--batch"},
           {{"--sort", "size"}, "--sort"},
           {{"--top", "0"}, "--top"}}) {
    std::vector<std::string> arguments = {"cost", model};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = place.run(arguments);
    EXPECT_NE(outcome.status, 0) << says;
    EXPECT_TRUE(outcome.out.empty()) << says;
    EXPECT_THAT(outcome.err, HasSubstr(says));
  }
}

TEST(CostCommand, SortAndTopChooseTheLayersNotTheTotal) {
  const Workplace place;
  const json all = cost_json(place, {"mobilenet-v2"});
  const json top = cost_json(place, {"mobilenet-v2", "--sort", "macs", "--top", "3"});
  ASSERT_EQ(top.at("layers").size(), 3u);
  EXPECT_EQ(top.at("total"), all.at("total"));
  std::vector<std::int64_t> macs;
  for (const json& layer : all.at("layers")) macs.push_back(layer.at("macs").get<std::int64_t>());
  std::sort(macs.rbegin(), macs.rend());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(top.at("layers").at(i).at("macs"), macs[i]);
  const json heavy = cost_json(place, {"mobilenet-v2", "--sort", "bytes"}).at("layers");
  const auto bytes = [](const json& layer) {
    return layer.at("bytes_read").get<std::int64_t>() +
           layer.at("bytes_written").get<std::int64_t>();
  };
  EXPECT_TRUE(std::is_sorted(heavy.begin(), heavy.end(),
                             [&](const json& a, const json& b) { return bytes(a) > bytes(b); }));
}

TEST(CostCommand, CsvHasARowALayerAndNoFigureForWhatIsNotKnown) {
  const Workplace place;
  const std::string model = place.write("odd.onnx", model_with_an_unknown_layer());
  const Outcome outcome = place.run({"cost", model, "--shape", "x=2x5", "--csv"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::istringstream text(outcome.out);
  std::string header, first, second, more;
  std::getline(text, header);
  std::getline(text, first);
  std::getline(text, second);
  EXPECT_EQ(header,
            "layer,operation,output_shape,macs,other_operations,flops,parameters,bytes_read,"
            "bytes_written,intensity_flop_per_byte");
  EXPECT_EQ(first, "r,Relu,2x5,0,10,10,0,40,40,0.125");
  EXPECT_EQ(second, "y,own.Odd,,,,,0,40,0,");
  EXPECT_FALSE(std::getline(text, more));
  EXPECT_NE(place.run({"cost", model, "--csv", "--json"}).status, 0);
}

}  // namespace
}  // namespace isojoule::test
