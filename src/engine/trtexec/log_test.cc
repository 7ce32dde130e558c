// The parsers on logs and files of every version written here (corpus/), and on other people's real
// ones where they lie beside the project.
#include "engine/trtexec/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "engine/trtexec/failure.h"
#include "engine/trtexec/log_fuzz.cc"  // NOLINT(bugprone-suspicious-include): the fuzz entry

namespace isojoule::trtexec {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const fs::path kCorpus = fs::path(ISOJOULE_SOURCE_DIR) / "src/engine/trtexec/corpus";
std::string corpus(const std::string& name) {
  const fs::path path = kCorpus / (name + ".txt");
  EXPECT_TRUE(fs::exists(path)) << path;
  return read(path);
}

Error error_of(const std::string& name) {
  return failure_of(parse_log(corpus(name)), {false, 1}, "building", "");
}

TEST(TrtexecLine, prefixes_come_off) {
  const LogLine line = read_line("[10/21/2025-15:16:10] [I] [TRT] Loaded engine size: 28 MiB\r");
  EXPECT_EQ(line.severity, Severity::info);
  EXPECT_TRUE(line.of_library);
  EXPECT_EQ(line.text, "Loaded engine size: 28 MiB");
  EXPECT_EQ(read_line("[I] x").text, "x");
  EXPECT_EQ(read_line("[07/29/2021-19:44:10] [07/29/2021-19:44:10] [W] x").severity,
            Severity::warning);
  EXPECT_EQ(read_line("[I] [DlaLayer] [I] x").text, "[DlaLayer] [I] x");
  EXPECT_EQ(read_line("[6] Invalid Node").text, "[6] Invalid Node");
  EXPECT_EQ(read_line("[6] Invalid Node").severity, Severity::none);
  EXPECT_EQ(read_line("").text, "");
}

TEST(TrtexecLine, versions_of_four_and_of_six_digits) {
  const auto words = [](const char* digits) {
    const auto version = version_of_number(digits);
    return version ? to_string(*version) : "none";
  };
  EXPECT_EQ(words("8001"), "8.0.1");
  EXPECT_EQ(words("8502"), "8.5.2");
  EXPECT_EQ(words("8412"), "8.4.12");
  EXPECT_EQ(words("100001"), "10.0.1");
  EXPECT_EQ(words("100300"), "10.3.0");
  EXPECT_EQ(words("101601"), "10.16.1");
  for (const char* bad : {"", "85", "85020", "1003001", "85a2", "-502"})
    EXPECT_EQ(words(bad), "none");
}

TEST(TrtexecLine, banners_with_and_without_version_and_build) {
  const auto banner = read_banner("&&&& PASSED TensorRT.trtexec [TensorRT v100400] [b26] # a b");
  ASSERT_TRUE(banner);
  EXPECT_EQ(banner->verdict, Verdict::passed);
  EXPECT_EQ(to_string(*banner->version), "10.4.0 b26");
  EXPECT_EQ(banner->command, "a b");
  EXPECT_FALSE(read_banner("&&&& FAILED TensorRT.trtexec # a")->version);
  EXPECT_FALSE(read_banner("&&&& RUNNING TensorRT.sample_mnist # a"));
  EXPECT_FALSE(read_banner("&&&& SLEEPING TensorRT.trtexec # a"));
}

TEST(TrtexecLog, v8_0_has_one_percentile_and_the_end_to_end_latency) {
  const Log log = parse_log(corpus("v8_0"));
  EXPECT_EQ(log.verdict, Verdict::passed);
  EXPECT_EQ(to_string(*log.version), "8.0.1");
  EXPECT_EQ(log.device.name, "Xavier");
  EXPECT_EQ(log.device.compute_capability, "7.2");
  EXPECT_EQ(log.device.multiprocessors, 8);
  EXPECT_EQ(log.device.clock_ghz, 1.377);
  EXPECT_EQ(log.device.memory_mib, 31920);
  EXPECT_EQ(log.built_s, 9.25);
  EXPECT_FALSE(log.loaded_s);
  EXPECT_EQ(log.warmup_queries, 80);
  EXPECT_EQ(log.timed_queries, 1200);
  ASSERT_TRUE(log.summary);
  EXPECT_EQ(log.summary->throughput_qps, 399.373);
  EXPECT_EQ(log.summary->latency->median, 2.74);
  EXPECT_EQ(log.summary->latency->percentiles, (std::map<double, double>{{99, 3.25}}));
  EXPECT_EQ(log.summary->end_to_end->maximum, 6.5);
  EXPECT_EQ(log.summary->compute_total_s, 3);
  ASSERT_EQ(log.profile.size(), 2u);
  EXPECT_EQ(log.profile[0].name, "conv 1 + relu 1 || conv 2");
  EXPECT_EQ(log.profile[0].average_ms, 2);
  EXPECT_FALSE(log.profile[0].median_ms);
  EXPECT_EQ(log.profile[1].name, "fc 3");
}

TEST(TrtexecLog, large_numbers_are_read_and_what_is_no_number_is_absent) {
  const Log log = parse_log(corpus("v8_2_overloaded"));
  EXPECT_EQ(log.summary->latency->minimum, 1.29e8);
  EXPECT_FALSE(log.summary->latency->median);
  EXPECT_TRUE(log.summary->latency->percentiles.empty());
  EXPECT_EQ(log.summary->throughput_qps, 7.75194e-06);
  EXPECT_FALSE(log.summary->copy_in);
  EXPECT_TRUE(log.bound_by_enqueue);
}

TEST(TrtexecLog, v8_4_places_layers_and_warns_of_unstable_times) {
  const Log log = parse_log(corpus("v8_4"));
  EXPECT_EQ(log.dla_core, "0");
  EXPECT_TRUE(log.gpu_fallback);
  ASSERT_EQ(log.dla_layers.size(), 1u);
  EXPECT_EQ(log.dla_layers[0].name, "{ForeignNode[conv_0...relu_7]}");
  ASSERT_EQ(log.gpu_layers.size(), 2u);
  EXPECT_EQ(log.gpu_layers[0].operation, "SHUFFLE");
  EXPECT_EQ(log.gpu_layers[0].name, "reshape_8 + (Unnamed Layer* 9) [Shuffle]");
  EXPECT_EQ(log.unstable_percent, 4.25);
  EXPECT_FALSE(log.summary->end_to_end);
  ASSERT_EQ(log.profile.size(), 3u);
  EXPECT_EQ(log.profile[2].median_ms, 0.89);
}

TEST(TrtexecLog, without_a_summary_there_is_the_reason) {
  const Log profiled = parse_log(corpus("v8_5_profile_only"));
  EXPECT_FALSE(profiled.summary);
  EXPECT_THAT(profiled.why_no_summary, HasSubstr("profiler"));
  EXPECT_EQ(profiled.loaded_s, 0.0125);
  EXPECT_EQ(profiled.deserialised_s, 1.5);
  EXPECT_EQ(parse_log(corpus("v8_6_memory")).why_no_summary, "trtexec failed");
  EXPECT_THAT(parse_log("hello").why_no_summary, HasSubstr("no log of trtexec"));
  EXPECT_THAT(parse_log("&&&& RUNNING TensorRT.trtexec # x").why_no_summary,
              HasSubstr("ends before"));
}

TEST(TrtexecLog, v10_has_three_percentiles_and_other_columns) {
  const Log log = parse_log(corpus("v10_3"));
  EXPECT_EQ(to_string(*log.version), "10.3.0");
  EXPECT_EQ(log.device.name, "Orin");
  EXPECT_EQ(log.device.clock_ghz, 0.624);
  EXPECT_EQ(log.summary->compute->percentiles,
            (std::map<double, double>{{90, 4.75}, {95, 5.25}, {99, 5.75}}));
  EXPECT_EQ(log.summary->copy_in->mean, 0);  // measured as nothing: transfers were off
  EXPECT_TRUE(log.graph_ignored);
  const Log profile = parse_log(corpus("v10_4_profile"));
  EXPECT_EQ(profile.version->build, "b26");
  EXPECT_EQ(profile.profiled_iterations, 700);
  ASSERT_EQ(profile.profile.size(), 2u);
  EXPECT_EQ(profile.profile[0].name, "/features/0/Conv + /features/1/Relu");
  EXPECT_EQ(profile.profile[1].name, "\"quoted\" 1 2 3");
  EXPECT_EQ(profile.profile[1].median_ms, 0.9);
}

TEST(TrtexecFailure, the_cause_is_named_and_not_what_followed) {
  EXPECT_THAT(error_of("v8_6_memory").what, StartsWith("out of memory: "));
  const Error refused = error_of("v8_6_dla_refused");
  EXPECT_EQ(refused.kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.remedy, HasSubstr("fallback=on"));
  const Error unread = error_of("v10_0_no_model");
  EXPECT_EQ(unread.kind, ErrorKind::parse);
  EXPECT_THAT(unread.what, HasSubstr("scaleAllPositive"));
}

TEST(TrtexecFailure, ends_without_words_are_told_as_they_were) {
  const Log running = parse_log("&&&& RUNNING TensorRT.trtexec [TensorRT v8502] # x\n[I] at work");
  EXPECT_THAT(failure_of(running, {true, 11}, "building", "at work").what,
              testing::AllOf(HasSubstr("signal 11"), HasSubstr("at work")));
  EXPECT_THAT(failure_of(running, {false, 0}, "building", "").what, HasSubstr("without a verdict"));
  EXPECT_THAT(failure_of(parse_log("hello"), {false, 0}, "building", "hello").what,
              HasSubstr("does not speak like trtexec"));
  const Log bare = parse_log("&&&& RUNNING TensorRT.trtexec # x\nCuda failure: out of memory\n");
  EXPECT_THAT(failure_of(bare, {false, 1}, "running", "").what, StartsWith("out of memory"));
  EXPECT_FALSE(succeeded(running, {false, 0}));
  EXPECT_TRUE(succeeded(parse_log("&&&& PASSED TensorRT.trtexec # x"), {false, 0}));
  EXPECT_FALSE(succeeded(parse_log("&&&& PASSED TensorRT.trtexec # x"), {false, 1}));
}

TEST(TrtexecTimes, every_field_and_the_steps_of_six_digits) {
  const auto times = parse_times(corpus("times_8_2.json"));
  ASSERT_TRUE(times) << to_string(times.error());
  ASSERT_EQ(times->size(), 3u);
  EXPECT_EQ((*times)[1].compute_begin, 5.3125);
  EXPECT_EQ((*times)[1].compute, 4);
  EXPECT_EQ((*times)[1].latency, 4.125);
  EXPECT_EQ((*times)[1].end_to_end, 9);
  EXPECT_NEAR(step_ms(999.9), 0.001, 1e-12);
  EXPECT_NEAR(step_ms(1000), 0.01, 1e-12);
  EXPECT_NEAR(step_ms(12345.6), 0.1, 1e-12);
  EXPECT_NEAR(step_ms(0), 1e-6, 1e-12);
}

TEST(TrtexecTimes, what_is_not_this_file_is_an_error) {
  for (const char* text : {"", "{}", "[1]", "[{}]", "[{\"startEnqMs\":1}]", "nonsense", "[[]]"}) {
    const auto times = parse_times(text);
    ASSERT_FALSE(times) << text;
    EXPECT_EQ(times.error().kind, ErrorKind::parse);
  }
  std::string negative = corpus("times_8_2.json");
  negative.replace(negative.find("\"computeMs\" : 5"), 15, "\"computeMs\" :-5");
  EXPECT_THAT(parse_times(negative).error().what, HasSubstr("entry 1"));
  EXPECT_TRUE(parse_times("[]")->empty());
}

TEST(TrtexecProfile, with_and_without_median) {
  const auto old = parse_profile(corpus("profile_8_0.json"));
  ASSERT_TRUE(old) << to_string(old.error());
  EXPECT_EQ(old->iterations, 1300);
  EXPECT_FALSE(old->rows[0].median_ms);
  const auto later = parse_profile(corpus("profile_8_4.json"));
  EXPECT_EQ(later->rows[1].median_ms, 8.9);
  EXPECT_FALSE(parse_profile(corpus("profile_broken_name.json")));
  EXPECT_FALSE(parse_profile("[]"));  // over how many batches?
  EXPECT_FALSE(profile_of(parse_log(corpus("v8_2_overloaded"))));
  EXPECT_EQ(profile_of(parse_log(corpus("v10_4_profile")))->rows.size(), 2u);
}

TEST(TrtexecProfile, devices_come_from_the_builds_lists) {
  const Placement placement = placement_of(parse_log(corpus("v8_4")));
  const auto profile = parse_profile(corpus("profile_8_4.json"));
  const auto devices = [&](const Placement& lists, bool on_dla) {
    std::vector<std::string> found;
    for (const LayerTime& layer : layer_times(*profile, lists, on_dla, {}))
      found.push_back(layer.device);
    return found;
  };
  EXPECT_THAT(devices(placement, true), ElementsAre("", "DLA", "GPU", "GPU"));
  EXPECT_THAT(devices(placement_from(to_text(placement)), true),
              ElementsAre("", "DLA", "GPU", "GPU"));
  EXPECT_THAT(devices({}, true), ElementsAre("", "", "", ""));  // nobody said
  EXPECT_THAT(devices({}, false), ElementsAre("GPU", "GPU", "GPU", "GPU"));
  const auto kinds = parse_layer_info(corpus("layers.json"));
  ASSERT_TRUE(kinds);
  const auto layers = layer_times(*profile, placement, true, *kinds);
  EXPECT_EQ(layers[2].operation, "SHUFFLE");
  EXPECT_EQ(layers[3].operation, "SoftMaxV2");
  EXPECT_EQ(layers[1].batches, 320);
  EXPECT_DOUBLE_EQ(layers[1].time.value(), 0.009);
}

// ---- placing in time ----------------------------------------------------------------------------

constexpr Instant kStart{1'000'000'000};
Instant after_ms(double ms) { return kStart + Duration::from(Second(ms * 1e-3)); }

TEST(TrtexecPlacement, zero_lies_between_its_two_bounds) {
  const auto zero = find_time_zero(kStart, after_ms(504), 500);
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->at, after_ms(2));
  EXPECT_NEAR(zero->uncertainty->seconds().value(), 0.002, 1e-5);
  EXPECT_EQ(zero->fault, "");
}

TEST(TrtexecPlacement, a_contradiction_and_a_missing_line_are_said) {
  EXPECT_NE(find_time_zero(kStart, after_ms(400), 500)->fault, "");
  EXPECT_NEAR(find_time_zero(kStart, after_ms(400), 500)->uncertainty->seconds().value(), 0.05,
              1e-3);
  EXPECT_FALSE(find_time_zero(kStart, std::nullopt, 500)->uncertainty);
  EXPECT_EQ(find_time_zero(std::nullopt, after_ms(504), 500)->at, after_ms(4));
  EXPECT_FALSE(find_time_zero(std::nullopt, std::nullopt, 500));
}

TEST(TrtexecPlacement, the_last_batches_are_those_that_were_asked_for) {
  const auto times = *parse_times(corpus("times_8_2.json"));
  const auto placed = place_batches(times, 2, 0, kStart, Overlap::copies);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->first->begin, after_ms(0.3125));
  ASSERT_EQ(placed->batches.size(), 2u);
  EXPECT_EQ(placed->batches[0].begin, after_ms(5.3125));
  EXPECT_EQ(placed->batches[1].end, after_ms(13.375));
  EXPECT_FALSE(place_batches(times, 3, 0, kStart, Overlap::copies)->first);
  EXPECT_EQ(place_batches(times, 4, 0, kStart, Overlap::copies).error().kind, ErrorKind::engine);
}

TEST(TrtexecPlacement, exports_that_begin_after_the_warm_up_hide_the_first_batch) {
  std::vector<BatchTimes> times = *parse_times(corpus("times_8_2.json"));
  EXPECT_TRUE(place_batches(times, 2, 5, kStart, Overlap::copies)->first);
  for (BatchTimes& one : times) one.compute_begin += 5, one.compute_end += 5;
  EXPECT_FALSE(place_batches(times, 2, 5, kStart, Overlap::copies)->first);
}

TEST(TrtexecPlacement, rounding_never_makes_batches_overlap) {
  std::vector<BatchTimes> times(1000);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double begin = 20'000 + 0.333 * static_cast<double>(i);
    times[i].compute_begin = std::round(begin * 10) / 10;  // as printed after ten seconds
    times[i].compute_end = std::round((begin + 0.333) * 10) / 10;
    times[i].compute = 0.333;
  }
  const auto placed = place_batches(times, 1000, 0, kStart, Overlap::copies);
  Instant last = kStart;
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_GE(placed->batches[i].begin, last);
    last = placed->batches[i].end;
    EXPECT_EQ(last - placed->batches[i].begin, Duration{333'000});
    const double off = (placed->batches[i].begin - kStart).seconds().value() * 1e3 - 20'000 -
                       0.333 * static_cast<double>(i);
    EXPECT_LE(std::abs(off), 0.1);  // one step
  }
}

// ---- the kept corpus ----------------------------------------------------------------------------

TEST(TrtexecFuzz, corpus_cuts_and_changed_bytes) {
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus)) {
    if (entry.path().extension() != ".txt") continue;
    const std::string text = read(entry.path());
    ++files;
    for (std::size_t size = 0; size <= text.size(); size += 13) run(text.substr(0, size));
    for (std::size_t i = 0; i < text.size(); i += 29) {
      std::string changed = text;
      for (const char c : {'\0', '[', '"', '-', '9', '\n', '\xff'}) {
        changed[i] = c;
        run(changed);
      }
    }
  }
  EXPECT_GE(files, 15);
}

// ---- other people's real files ------------------------------------------------------------------

class TrtexecReal : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(ISOJOULE_SOURCE_DIR "/../shared/facts/boards/data/trtexec/real");
    if (!fs::is_directory(folder_)) GTEST_SKIP() << "skipped: no shared data";
  }
  std::vector<fs::path> files(const std::string& ending) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
    return found;
  }
  fs::path folder_;
};

TEST_F(TrtexecReal, a_log_of_8_5_2_on_a_xavier_nx) {
  const Log log = parse_log(read(folder_ / "trtexec_8.5.2_xavier_nx_dumpprofile.log"));
  EXPECT_EQ(log.verdict, Verdict::passed);
  EXPECT_EQ(to_string(*log.version), "8.5.2");
  EXPECT_EQ(log.device.name, "Xavier");
  EXPECT_EQ(log.device.multiprocessors, 6);
  EXPECT_EQ(log.device.clock_ghz, 1.109);
  EXPECT_EQ(log.dla_core, "");
  EXPECT_FALSE(log.gpu_fallback);
  EXPECT_FALSE(log.summary);
  EXPECT_THAT(log.why_no_summary, HasSubstr("profiler"));
  EXPECT_EQ(log.loaded_s, 0.0366376);
  EXPECT_EQ(log.deserialised_s, 1.89224);
  EXPECT_EQ(log.profiled_iterations, 309);
  ASSERT_EQ(log.profile.size(), 10u);
  EXPECT_EQ(log.profile[0].name, "[HostToDeviceCopy 0]");
  EXPECT_EQ(log.profile[7].name, "{ForeignNode[lstm_W...Max_reduce_min]}");
  EXPECT_EQ(log.profile[7].average_ms, 6.8952);
  EXPECT_EQ(log.profile[7].median_ms, 6.2962);
  EXPECT_TRUE(log.errors.empty());
}

TEST_F(TrtexecReal, excerpts_of_10_4) {
  const Log log = parse_log(read(folder_ / "trtexec_10.4_rtx3060_alexnet_excerpts_fuzzylabs.md"));
  ASSERT_TRUE(log.summary);
  EXPECT_EQ(log.summary->throughput_qps, 1995.29);
  EXPECT_EQ(log.summary->latency->percentiles.at(95), 0.501953);
  EXPECT_EQ(log.summary->enqueue->minimum, 0.000976562);
  EXPECT_EQ(log.summary->walltime_s, 3.00106);
  EXPECT_EQ(log.built_s, 8.69986);
  EXPECT_EQ(log.engine_mib, 117.087);
  EXPECT_EQ(log.profiled_iterations, 14590);
  ASSERT_EQ(log.profile.size(), 14u);
  EXPECT_EQ(log.profile[11].name, "/classifier/classifier_1/Gemm_myl9_2");
  EXPECT_EQ(log.profile[11].average_ms, 0.2396);
}

TEST_F(TrtexecReal, exported_times) {
  int count = 0;
  for (const fs::path& path : files("timing.json")) {
    const auto times = parse_times(read(path));
    ASSERT_TRUE(times) << path << to_string(times.error());
    ++count;
    EXPECT_GT(times->size(), 5000u);
    double sum = 0;
    for (const BatchTimes& one : *times) {
      sum += one.compute;
      // The difference of two printed points is off by at most a step.
      EXPECT_NEAR(one.compute_end - one.compute_begin, one.compute,
                  step_ms(one.compute_end) + 1e-6);
    }
    EXPECT_NEAR(sum / static_cast<double>(times->size()), 0.495, 0.01);
    // --warmUp=5000: the entries begin after it.
    const auto placed = place_batches(*times, times->size() - 10, 5000, kStart, Overlap::copies);
    ASSERT_TRUE(placed);
    EXPECT_FALSE(placed->first);
    EXPECT_NEAR((placed->batches.back().end - kStart).seconds().value(), 8.0, 0.01);
  }
  EXPECT_GE(count, 1);
}

TEST_F(TrtexecReal, exported_profiles_and_layers) {
  int count = 0;
  for (const fs::path& path : files("profile.json")) {
    const auto profile = parse_profile(read(path));
    ASSERT_TRUE(profile) << path << to_string(profile.error());
    std::string graph = path.string();
    graph.replace(graph.rfind("profile.json"), 12, "graph.json");
    const auto kinds = parse_layer_info(read(graph));
    ASSERT_TRUE(kinds) << graph;
    ++count;
    const auto layers = layer_times(*profile, {}, false, *kinds);
    EXPECT_GT(profile->iterations, 10'000);
    std::size_t named = 0;
    for (const LayerTime& layer : layers) {
      named += layer.operation.empty() ? 0 : 1;
      EXPECT_GT(layer.time.value(), 0);  // rows of layers that did not run are left out
      EXPECT_EQ(layer.device, "GPU");
    }
    EXPECT_GE(named * 10, layers.size() * 9) << path;  // all but shape calls
  }
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace isojoule::trtexec
