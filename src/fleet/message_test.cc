// Every message there and back, as golden files, and what strangers may send instead.
// ISOJOULE_UPDATE_GOLDEN=1 writes the golden files anew; look at the difference then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "data/packed_bytes.h"
#include "fleet/message_forms.h"
#include "fleet/message_fuzz.cc"  // NOLINT(bugprone-suspicious-include): the fuzz entry
#include "fleet/message_same.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kSources = ISOJOULE_SOURCE_DIR;

void expect_golden(const std::string& path, const std::string& text) {
  if (std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
  }
  std::ifstream file(path);
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, kept) << path;
}

void expect_golden_message(const std::string& name, const std::string& bytes) {
  expect_golden(kSources + "/src/fleet/golden/" + name + ".json",
                json::parse(bytes).dump(1) + "\n");
}

// zstd may pack otherwise tomorrow: of a block only that it is there.
void name_blocks(json& document) {
  if (document.is_binary()) document = "(bytes)";
  if (document.is_structured())
    for (json& part : document) name_blocks(part);
}

json document_of(const std::string& cbor) { return json::from_cbor(cbor); }

// ---- there and back ----

TEST(FleetMessage, EachComesBackAsItWent) {
  EXPECT_EQ(parse_card(to_bytes(example_card())).value(), example_card());
  EXPECT_EQ(parse_pulse(to_bytes(example_pulse())).value(), example_pulse());
  EXPECT_EQ(parse_study(to_bytes(example_study())).value(), example_study());
  EXPECT_EQ(parse_block(to_bytes(example_block())).value(), example_block());
  EXPECT_EQ(parse_run(to_bytes(example_run_message())).value(), example_run_message());
  EXPECT_EQ(parse_trace(trace_bytes(example_trace())).value(), example_trace());
  const Order order = parse_order(to_bytes(Order{true, "fan", 3})).value();
  EXPECT_TRUE(order.drain);
  EXPECT_EQ(order.why, "fan");
  EXPECT_EQ(order.resume, 3);
  const Join join = parse_join(to_bytes(Join{-1, "no gpu_frequency"})).value();
  EXPECT_EQ(join.lane, -1);
  EXPECT_EQ(join.refused, "no gpu_frequency");
  const Trouble trouble = parse_trouble(to_bytes(Trouble{2, "rack1-7"})).value();
  EXPECT_EQ(trouble.deaths, 2);
  EXPECT_EQ(trouble.last_board, "rack1-7");
}

TEST(FleetMessage, WhatIsEmptyComesBackEmpty) {
  BoardCard card;
  card.name = card.board = card.instance = "a";
  EXPECT_EQ(parse_card(to_bytes(card)).value(), card);
  Pulse pulse;
  pulse.instance = "a";
  EXPECT_EQ(parse_pulse(to_bytes(pulse)).value(), pulse);
  RunMessage run;
  run.study = run.board = run.instance = run.run.network = "a";
  EXPECT_EQ(parse_run(to_bytes(run)).value(), run);
  EXPECT_EQ(parse_trace(trace_bytes({})).value(), Trace{});
}

TEST(FleetMessage, BoardStatesHaveNames) {
  for (const BoardState state : {BoardState::idle, BoardState::measuring, BoardState::draining,
                                 BoardState::drained, BoardState::out})
    EXPECT_EQ(board_state_named(name_of(state)), state);
  EXPECT_EQ(board_state_named("asleep"), std::nullopt);
}

TEST(FleetMessage, GoldenFiles) {
  expect_golden_message("card", to_bytes(example_card()));
  expect_golden_message("pulse", to_bytes(example_pulse()));
  expect_golden_message("order", to_bytes(Order{true, "fan", 3}));
  expect_golden_message("join", to_bytes(Join{1, ""}));
  expect_golden_message("trouble", to_bytes(Trouble{2, "rack1-7"}));
  expect_golden_message("study", to_bytes(example_study()));
  expect_golden_message("block", to_bytes(example_block()));
  json run = document_of(to_bytes(example_run_message()));
  name_blocks(run);
  expect_golden_message("run", run.dump());
}

std::string random_line(Random& random, bool may_be_empty = true) {
  static const std::vector<std::string> kTexts = {
      "a", "VDD_IN", "\xC3\xA4\xC3\xB6 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x94\x8B",
      "\"\\/ {}[],:", "0"};
  if (may_be_empty && random.below(4) == 0) return "";
  return kTexts[random.below(kTexts.size())] + std::to_string(random.below(1000));
}

double random_number(Random& random) {
  static const std::vector<double> kNumbers = {0, -0.0, 0.1, 5e-324, -1.7e308, 9007199254740993.0};
  if (random.below(3) == 0) return kNumbers[random.below(kNumbers.size())];
  return random.normal() * std::pow(10, random.normal() * 4);
}

std::int64_t random_count(Random& random) {
  return static_cast<std::int64_t>(random.next() >> (11 + random.below(53)));
}

Value random_value(Random& random) {
  return random.below(2) == 0 ? Value(random_number(random)) : Value(random_line(random));
}

Setting random_setting(Random& random) {
  Setting setting;
  for (std::uint64_t i = random.below(5); i > 0; --i)
    setting.set(random_line(random, false), random_value(random));
  return setting;
}

MeasuredEnergy random_energy(Random& random) {
  MeasuredEnergy energy;
  if (random.below(2) == 0) energy.value = Joule(random_number(random));
  if (random.below(2) == 0) energy.uncertainty = Joule(random_number(random));
  energy.why_absent = random_line(random);
  return energy;
}

std::map<std::string, double> random_numbers(Random& random) {
  std::map<std::string, double> numbers;
  for (std::uint64_t i = random.below(4); i > 0; --i)
    numbers[random_line(random, false)] = random_number(random);
  return numbers;
}

Instant random_instant(Random& random) {
  return Instant{random_count(random) - (std::int64_t{1} << 52)};
}

void fill_times(Random& random, Run& run) {
  for (std::uint64_t i = random.below(12); i > 0; --i) {
    const Instant begin = random_instant(random);
    run.phases.push_back(
        {static_cast<PhaseKind>(random.below(11)), begin, begin + Duration{random_count(random)}});
    run.batches.push_back({begin, random_instant(random)});
    run.windows.push_back({random_line(random), begin, begin + Duration{random_count(random)}});
  }
}

void fill_energies(Random& random, Run& run) {
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    run.energies.push_back({static_cast<PhaseKind>(random.below(11)), random_line(random, false),
                            Second(random_number(random)), random_energy(random),
                            random_energy(random), random_numbers(random)});
    run.layers.push_back({random_line(random), random_line(random), random_line(random),
                          Second(random_number(random)), Second(random_number(random)),
                          random_count(random)});
    if (!run.windows.empty())
      run.window_energies.push_back({static_cast<std::int64_t>(random.below(run.windows.size())),
                                     random_line(random, false), random_energy(random),
                                     random_energy(random), random_numbers(random)});
  }
}

Run random_run(Random& random) {
  Run run;
  run.sequence = random_count(random);
  run.block = random_count(random);
  run.repeat = random_count(random);
  run.network = random_line(random, false);
  run.baseline = random_line(random);
  run.setting = random_setting(random);
  for (std::uint64_t i = random.below(4); i > 0; --i)
    run.knobs.push_back({random_line(random, false), random_value(random), random_value(random)});
  run.state = static_cast<RunState>(random.below(3));
  run.failure = random_line(random) + "\n\t" + random_line(random);
  run.inferences = random_count(random);
  fill_times(random, run);
  fill_energies(random, run);
  for (std::uint64_t i = random.below(3); i > 0; --i)
    for (std::uint64_t j = random.below(4); j > 0; --j)
      run.residency_percent["w" + std::to_string(i)][random_number(random)] = random_number(random);
  run.temperature_start_c = random_numbers(random);
  run.temperature_end_c = random_numbers(random);
  for (const CounterInfo& info : all_counters())
    if (random.below(3) == 0)
      run.counters.add(info.counter, static_cast<std::uint64_t>(random_count(random)));
  run.notes[random_line(random, false)] = random_line(random) + "\n";
  run.wall_time = random_line(random);
  run.on_board = random_line(random);
  return run;
}

Trace random_trace(Random& random) {
  Trace trace = example_trace();
  for (Channel& channel : trace.channels) {
    const bool has_b = channel.info.kind == ChannelKind::voltage_current;
    channel.time_ns.clear();
    channel.a.clear();
    channel.b.clear();
    for (std::uint64_t i = random.below(200); i > 0; --i) {
      channel.time_ns.push_back(static_cast<std::int64_t>(random.next()));
      channel.a.push_back(static_cast<std::int32_t>(random.next()));
      if (has_b) channel.b.push_back(static_cast<std::int32_t>(random.next()));
    }
  }
  for (std::uint64_t i = random.below(50); i > 0; --i) {
    trace.watches[0].time_ns.push_back(static_cast<std::int64_t>(random.next()));
    trace.watches[0].value.push_back(random_number(random));
  }
  trace.period.ns = random_count(random);
  return trace;
}

RC_GTEST_PROP(FleetMessage, EveryRunComesBackExactly, (std::uint64_t seed)) {
  Random random(seed);
  RunMessage message = example_run_message();
  message.run = random_run(random);
  message.trace = random_trace(random);
  if (random.below(2) == 0) message.trace.reset();
  if (random.below(2) == 0) message.trace_object.reset();
  const auto back = parse_run(to_bytes(message));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == message);
}

RC_GTEST_PROP(FleetMessage, EveryBlockComesBackExactly, (std::uint64_t seed)) {
  Random random(seed);
  BlockMessage block = example_block();
  block.lane = static_cast<std::int64_t>(random.below(4096));
  block.block = static_cast<std::int64_t>(random.below(1'000'000'000));
  for (PlannedRun& run : block.runs) {
    run.sequence = random_count(random);
    run.block = block.block;
    run.setting = random_setting(random);
  }
  RC_ASSERT(parse_block(to_bytes(block)).value() == block);
}

TEST(FleetMessage, ALongRunIsPackedAndComesBack) {
  RunMessage message = example_run_message();
  for (int i = 0; i < 20'000; ++i)
    message.run.layers.push_back(
        {"layer " + std::to_string(i), "Conv", "", Second(i), Second(0), 1});
  const std::string bytes = to_bytes(message);
  EXPECT_TRUE(is_packed(bytes));
  EXPECT_LT(bytes.size(), 500'000u);
  EXPECT_EQ(parse_run(bytes).value(), message);
}

TEST(FleetMessage, AMillionWindowsFit) {
  RunMessage message = example_run_message();
  message.run.windows.clear();
  message.run.window_energies.clear();
  for (std::int64_t i = 0; i < (std::int64_t{1} << 20); ++i)
    message.run.windows.push_back(
        {i % 3 == 0 ? "a" : "b", Instant{i * 1000}, Instant{i * 1000 + 700}});
  const std::string bytes = to_bytes(message);
  EXPECT_LT(bytes.size(), 1'000'000u);
  EXPECT_EQ(parse_run(bytes).value().run.windows, message.run.windows);
}

// ---- what a writer says always fits ----

TEST(FleetMessage, WordsForPeopleAreMadeToFit) {
  BoardCard card = example_card();
  card.problems = {"a\x1b[2Jb\r\nc", "\xff\xfe", std::string(5000, 'x'), "\xC2\x9B\x31m"};
  card.sensors.assign(1000, "ina3221");
  const BoardCard back = parse_card(to_bytes(card)).value();
  EXPECT_EQ(back.problems[0], "a [2Jb  c");
  EXPECT_EQ(back.problems[1], "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(back.problems[2], std::string(1024, 'x'));
  EXPECT_EQ(back.problems[3], " 1m");
  EXPECT_EQ(back.sensors.size(), 256u);
}

TEST(FleetMessage, ACutLeavesWholeCharacters) {
  Order order;
  for (int i = 0; i < 2000; ++i) order.why += "\xC3\xA4";
  const std::string why = parse_order(to_bytes(order)).value().why;
  EXPECT_EQ(why.size(), 2048u);
  EXPECT_EQ(characters_of(why), 1024u);
}

TEST(FleetMessage, NumbersThatAreNoneAreAbsent) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  Pulse pulse = example_pulse();
  pulse.power_w = nan;
  pulse.temperatures_c["broken"] = inf;
  const Pulse back = parse_pulse(to_bytes(pulse)).value();
  EXPECT_EQ(back.power_w, std::nullopt);
  EXPECT_EQ(back.temperatures_c, example_pulse().temperatures_c);

  RunMessage message = example_run_message();
  message.run.energies[0].gross.value = Joule(nan);
  message.run.energies[0].budget_j["gain"] = inf;
  const isojoule::Run run = parse_run(to_bytes(message)).value().run;
  EXPECT_EQ(run.energies[0].gross.value, std::nullopt);
  EXPECT_NE(run.energies[0].gross.why_absent, "");
  EXPECT_EQ(run.energies[0].budget_j.count("gain"), 0u);
}

TEST(FleetMessage, NamesAreNotChangedButRefused) {
  BlockMessage block = example_block();
  block.runs[1].network = "alex\nnet";
  const auto back = parse_block(to_bytes(block));
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().what, HasSubstr("block: runs[1].network is 'alex?net', not one line"));
}

// ---- strangers ----

std::string fault_of(const json& card) {
  const auto read = parse_card(card.dump());
  EXPECT_FALSE(read);
  if (read) return "";
  EXPECT_EQ(read.error().kind, ErrorKind::parse);
  EXPECT_NE(read.error().remedy, "");
  return read.error().what;
}

TEST(FleetMessage, TheFirstFaultIsNamedByItsPath) {
  const json good = json::parse(to_bytes(example_card()));
  const auto with = [&](const char* place, const json& value) {
    json bad = good;
    bad[json::json_pointer(place)] = value;
    return fault_of(bad);
  };
  EXPECT_EQ(with("/knobs/0/values/1", nullptr),
            "board card: knobs[0].values[1] is no number and no text");
  EXPECT_EQ(with("/name", "a.b"), "board card: name is 'a.b', not letters, digits, - and _");
  EXPECT_EQ(with("/name", std::string(49, 'a')),
            "board card: name has 49 characters, 1 to 48 are allowed");
  EXPECT_EQ(with("/protocol", 1.5), "board card: protocol is no whole number");
  EXPECT_EQ(with("/protocol", -1), "board card: protocol is -1, 0 to 1000000 is allowed");
  EXPECT_EQ(with("/simulated", 1), "board card: simulated is not true or false");
  EXPECT_EQ(with("/engines/0/details", json{{"a\x01", "b"}}),
            "board card: engines[0].details.a key is 'a?', not one line of UTF-8 without control "
            "characters");
  EXPECT_EQ(with("/rails", "VDD"), "board card: rails is no list");
  EXPECT_EQ(fault_of(json::array()), "board card: it is no object");
  json bad = good;
  bad.erase("board");
  EXPECT_EQ(fault_of(bad), "board card: board is missing");
}

TEST(FleetMessage, UnknownKeysArePassedOver) {
  json later = json::parse(to_bytes(example_card()));
  later["colour"] = {{"of", "its case"}};
  later["rails"][0]["fuse_a"] = 3;
  EXPECT_EQ(parse_card(later.dump()).value(), example_card());
}

TEST(FleetMessage, AStudyOfALaterProtocolIsToldApart) {
  json later = json::parse(to_bytes(example_study()));
  later["protocol"] = kProtocol + 1;
  later["lanes"] = "otherwise";
  const auto read = parse_study(later.dump());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::newer_schema);
  later["protocol"] = 0;
  EXPECT_EQ(parse_study(later.dump()).error().kind, ErrorKind::parse);
  json card = json::parse(to_bytes(example_card()));
  card["protocol"] = 7;  // who it is can be read all the same
  EXPECT_EQ(parse_card(card.dump()).value().protocol, 7);
}

TEST(FleetMessage, CountersOfALaterProgramBecomeNotes) {
  json later = document_of(to_bytes(example_run_message()));
  later["run"]["counters"]["cosmic_ray"] = 2;
  std::string bytes;
  json::to_cbor(later, bytes);
  EXPECT_EQ(parse_run(bytes).value().run.notes.at("counter cosmic_ray"), "2");
}

TEST(FleetMessage, DepthAndLengthAreBoundedBeforeAnythingIsBuilt) {
  const std::string deep(2'000'000, '[');
  EXPECT_THAT(parse_study(deep.substr(0, 400'000)).error().what, HasSubstr("deep"));
  EXPECT_THAT(parse_card(deep).error().what, HasSubstr("bytes"));
  std::string nested = R"({"name":"a","x":)" + std::string(16, '[') + std::string(16, ']') + "}";
  EXPECT_THAT(parse_card(nested).error().what, HasSubstr("deep"));
  for (const char head : {'\x81', '\x9f', '\x5f', '\x7f', '\xc1', '\xa1', '\xbf'})
    EXPECT_EQ(parse_run(std::string(2'000'000, head)).error().kind, ErrorKind::parse);
  std::string many = "{\"x\":[0";
  for (int i = 0; i < 100'000; ++i) many += ",0";
  EXPECT_THAT(parse_card(many + "]}").error().what, HasSubstr("name is missing"));
}

TEST(FleetMessage, LengthsThatAreOnlyClaimedTakeNoMemory) {
  using std::string_literals::operator""s;
  // A text, bytes, a list, a map of 2^62 entries; a frame of zstd that would become 2^30 bytes.
  for (const std::string& bytes :
       {"\x7b\x3f\xff\xff\xff\xff\xff\xff\xff"s, "\x5b\x3f\xff\xff\xff\xff\xff\xff\xff"s,
        "\x9b\x3f\xff\xff\xff\xff\xff\xff\xff"s, "\xbb\x3f\xff\xff\xff\xff\xff\xff\xff"s,
        "\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x40\x00\x00\x00"s}) {
    EXPECT_EQ(parse_run(bytes).error().kind, ErrorKind::parse);
    EXPECT_EQ(parse_trace(bytes).error().kind, ErrorKind::damaged);
  }
  json run = document_of(to_bytes(example_run_message()));
  for (const std::int64_t count : {3LL, 16'000'000LL, 1'000'000'000LL, -1LL}) {
    json bad = run;
    bad["run"]["batches"]["count"] = count;
    std::string bytes;
    json::to_cbor(bad, bytes);
    EXPECT_EQ(parse_run(bytes).error().kind, ErrorKind::parse) << count;
    bad = run;
    bad["trace"]["channels"][0]["count"] = count == 3 ? 4 : count;
    bytes.clear();
    json::to_cbor(bad, bytes);
    EXPECT_EQ(parse_run(bytes).error().kind, ErrorKind::parse) << count;
  }
}

TEST(FleetMessage, ReadingsOfAllChannelsTogetherAreBounded) {
  json run = document_of(to_bytes(example_run_message()));
  for (json& channel : run["trace"]["channels"]) channel["count"] = 10'000'000;
  std::string bytes;
  json::to_cbor(run, bytes);
  EXPECT_THAT(parse_run(bytes).error().what, HasSubstr("20000002 readings"));
}

TEST(FleetMessage, ARunThatCannotBeIsRefused) {
  const json good = document_of(to_bytes(example_run_message()));
  const auto fault = [&](const char* place, const json& value) {
    json bad = good;
    bad[json::json_pointer(place)] = value;
    std::string bytes;
    json::to_cbor(bad, bytes);
    const auto read = parse_run(bytes);
    return read ? "" : read.error().what;
  };
  EXPECT_THAT(fault("/run/phases/1/end_ns", 999'999'999), HasSubstr("inference ends before"));
  EXPECT_THAT(fault("/run/sequence", -1), HasSubstr("run.sequence is -1"));
  EXPECT_THAT(fault("/run/block", -1), HasSubstr("run.block is -1"));
  EXPECT_THAT(fault("/run/energies/0/gross/value_j", std::nan("")),
              HasSubstr("gross.value_j is nan"));
  EXPECT_THAT(fault("/run/window_energies/0/window", 3), HasSubstr("does not have"));
  EXPECT_THAT(fault("/run/windows/names", json::array({"infer"})), HasSubstr("no name"));
  EXPECT_THAT(fault("/run/state", "fine"), HasSubstr("which is not known here"));
  EXPECT_THAT(fault("/run/notes/stderr", "\xff"), HasSubstr("not UTF-8"));
}

TEST(FleetMessage, NothingThatIsCutIsTaken) {
  for (const std::string& bytes : {to_bytes(example_card()), to_bytes(example_block())})
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(parse_card(bytes.substr(0, size)));
      EXPECT_FALSE(parse_block(bytes.substr(0, size)));
    }
  const std::string run = to_bytes(example_run_message());
  for (std::size_t size = 0; size < run.size(); ++size)
    EXPECT_FALSE(parse_run(run.substr(0, size)));
  EXPECT_FALSE(parse_run(run + "x"));
}

TEST(FleetMessageFuzz, CorpusCutsAndChangedBytes) {
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  std::size_t files = 0;
  Random random(1);
  for (const auto& entry :
       std::filesystem::directory_iterator(kSources + "/tests/corpus/fleet_message")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ++files;
    run(text);
    for (int i = 0; i < 60 && !text.empty(); ++i) {
      run(text.substr(0, random.below(text.size())));
      std::string changed = text;
      for (std::uint64_t j = 0; j <= random.below(3); ++j)
        changed[random.below(changed.size())] = static_cast<char>(random.below(256));
      run(changed);
    }
  }
  EXPECT_GE(files, 12u);
}

}  // namespace
}  // namespace isojoule::fleet
