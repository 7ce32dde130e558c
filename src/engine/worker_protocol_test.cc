#include "engine/worker_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "engine/worker_channel.h"

namespace isojoule {
namespace {

Event round_trip(const Event& event) {
  std::string line = encode_event(event);
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto events = decode_events(line);
  EXPECT_TRUE(events) << to_string(events.error());
  EXPECT_EQ(events->size(), 1u);
  return events->at(0);
}

RC_GTEST_PROP(WorkerProtocol, a_job_comes_back_as_it_went,
              (const std::map<std::string, std::string>& options, std::uint64_t seed)) {
  Job job;
  job.model_path = "/tmp/ä model\n\"x\".onnx";
  job.network = "alexnet";
  job.batch = 8;
  job.inferences = 3200;
  job.warmup_batches = 2;
  job.threads = 4;
  job.seed = seed;
  // JSON is UTF-8: other bytes in an option are replaced, so draw texts of ASCII.
  for (const auto& [key, value] : options) {
    std::string plain;
    for (const char c : value) plain += static_cast<char>(c & 0x7f);
    job.options["o" + std::to_string(key.size())] = plain;
  }
  const std::string line = encode_job(job);
  RC_ASSERT(line.find('\n') == line.size() - 1);
  const auto back = decode_job(line);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->model_path == job.model_path);
  RC_ASSERT(back->network == job.network);
  RC_ASSERT(back->batch == 8 && back->inferences == 3200);
  RC_ASSERT(back->warmup_batches == 2 && back->threads == 4);
  RC_ASSERT(back->seed == seed);
  RC_ASSERT(back->options == job.options);
}

TEST(WorkerProtocol, events_come_back_as_they_went) {
  Event begin;
  begin.kind = EventKind::phase_begin;
  begin.phase = PhaseKind::graph_initialisation;
  begin.begin = {123456789012345};
  const Event begin_back = round_trip(begin);
  EXPECT_EQ(begin_back.kind, EventKind::phase_begin);
  EXPECT_EQ(begin_back.phase, PhaseKind::graph_initialisation);
  EXPECT_EQ(begin_back.begin, begin.begin);

  Event note;
  note.key = "version";
  note.value = "1.27\n\xff";
  EXPECT_EQ(round_trip(note).key, "version");
  EXPECT_EQ(round_trip(note).value, "1.27\n\xEF\xBF\xBD");  // not UTF-8: replaced, not lost

  Event failed;
  failed.kind = EventKind::failed;
  failed.error = Error{ErrorKind::not_found, "no library", "a, b", "Run tools/setup."};
  const Event failed_back = round_trip(failed);
  ASSERT_TRUE(failed_back.error);
  EXPECT_EQ(failed_back.error->kind, ErrorKind::not_found);
  EXPECT_EQ(to_string(*failed_back.error), to_string(*failed.error));

  Event finished;
  finished.kind = EventKind::finished;
  EXPECT_EQ(round_trip(finished).kind, EventKind::finished);
}

TEST(WorkerProtocol, every_kind_of_error_has_its_word) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
    Event failed;
    failed.kind = EventKind::failed;
    failed.error = Error{static_cast<ErrorKind>(i), "x", {}, {}};
    EXPECT_EQ(round_trip(failed).error->kind, static_cast<ErrorKind>(i));
  }
}

TEST(WorkerProtocol, a_full_line_of_marks_fits) {
  constexpr std::int64_t late = INT64_MAX - 10'000;
  std::vector<BatchMark> marks(kWorkerMarksPerLine);
  for (std::size_t i = 0; i < marks.size(); ++i)
    marks[i] = {{late + static_cast<std::int64_t>(2 * i)},
                {late + static_cast<std::int64_t>(2 * i) + 1}};
  const std::string line = encode_batches(marks);
  LineBuffer buffer;
  ASSERT_TRUE(buffer.append(line));
  const auto events = decode_events(*buffer.next());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), marks.size());
  EXPECT_EQ(events->back().begin, marks.back().begin);
  EXPECT_EQ(events->back().end, marks.back().end);
}

TEST(WorkerProtocol, a_line_without_marks_says_that_the_worker_lives) {
  const auto events = decode_events(encode_batches({}));
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().kind, EventKind::alive);
}

// Networks of thousands of layers with long names: no line may be refused for its length.
TEST(WorkerProtocol, a_long_list_of_layers_goes_in_parts) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  std::vector<LayerTime> layers(8000);
  for (std::size_t i = 0; i < layers.size(); ++i)
    layers[i].name = std::string(300, 'n') + std::to_string(i);
  std::thread worker([&] {
    WorkerChannel(ends[1]).layers(layers);
    close(ends[1]);
  });
  LineBuffer lines;
  std::vector<LayerTime> back;
  char buffer[65536];
  for (ssize_t count = 0; (count = recv(ends[0], buffer, sizeof(buffer), 0)) > 0;) {
    EXPECT_TRUE(lines.append({buffer, static_cast<std::size_t>(count)}));
    while (const auto line = lines.next()) {
      const auto events = decode_events(*line);
      if (events) back.insert(back.end(), events->at(0).layers.begin(), events->at(0).layers.end());
    }
  }
  worker.join();
  close(ends[0]);
  EXPECT_EQ(back, layers);
}

TEST(WorkerProtocol, nonsense_is_a_parse_error_that_says_what) {
  const std::map<std::string, std::string> cases = {
      {"", "not a JSON object"},
      {"hello", "not a JSON object"},
      {"[1,2]", "not a JSON object"},
      {"{}", "'type' is missing"},
      {R"({"type":"dance"})", "unknown type 'dance'"},
      {R"({"type":7})", "'type' is not text"},
      {R"({"type":"phase_begin","phase":"lunch","at_ns":1})", "unknown phase 'lunch'"},
      {R"({"type":"phase_begin","phase":"load"})", "'at_ns' is missing"},
      {R"({"type":"phase_begin","phase":"load","at_ns":1.5})", "'at_ns' is not a whole number"},
      {R"({"type":"phase_end","phase":"load","at_ns":18446744073709551615})", "not a whole number"},
      {R"({"type":"batches","marks_ns":[1,2,3]})", "a begin without an end"},
      {R"({"type":"batches","marks_ns":[1,"2"]})", "not a list of whole numbers"},
      {R"({"type":"failed","kind":"odd","what":"","tried":"","remedy":""})",
       "unknown kind of error 'odd'"},
  };
  for (const auto& [line, why] : cases) {
    const auto events = decode_events(line);
    ASSERT_FALSE(events) << line;
    EXPECT_EQ(events.error().kind, ErrorKind::parse) << line;
    EXPECT_THAT(events.error().what, testing::HasSubstr(why)) << line;
  }
}

TEST(WorkerProtocol, another_version_is_told_apart_from_nonsense) {
  Job job;
  std::string line = encode_job(job);
  line.replace(line.find("\"protocol\":2"), 12, "\"protocol\":1");
  EXPECT_EQ(decode_job(line).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(decode_job("{\"type\":\"job\"}").error().kind, ErrorKind::parse);
}

RC_GTEST_PROP(WorkerProtocol, any_bytes_give_events_or_a_parse_error, (const std::string& bytes)) {
  const auto events = decode_events(bytes);
  RC_ASSERT(events || events.error().kind == ErrorKind::parse);
  RC_ASSERT(!decode_job(bytes).has_value());
}

RC_GTEST_PROP(WorkerProtocol, a_spoilt_line_gives_events_or_a_parse_error,
              (std::size_t place, char byte)) {
  std::string line = R"({"type":"batches","marks_ns":[11,12,13,14]})";
  line[place % line.size()] = byte;
  const auto events = decode_events(line);
  RC_ASSERT(events || events.error().kind == ErrorKind::parse);
  const auto cut = decode_events(std::string_view(line).substr(0, place % line.size()));
  RC_ASSERT(!cut && cut.error().kind == ErrorKind::parse);
}

TEST(WorkerProtocol, deep_nesting_does_not_exhaust_the_stack) {
  EXPECT_FALSE(decode_events(std::string(kWorkerLineLimit, '[')));
}

RC_GTEST_PROP(LineBuffer, lines_do_not_depend_on_how_the_bytes_arrive,
              (const std::vector<std::string>& parts)) {
  LineBuffer pieces, whole;
  std::string all;
  for (const std::string& part : parts) {
    RC_ASSERT(pieces.append(part).has_value());
    all += part;
  }
  RC_ASSERT(whole.append(all).has_value());
  while (const auto line = whole.next()) RC_ASSERT(pieces.next() == line);
  RC_ASSERT(!pieces.next());
  RC_ASSERT(pieces.pending() == whole.pending());
}

TEST(LineBuffer, a_line_without_end_is_refused_before_it_fills_the_memory) {
  LineBuffer buffer;
  const std::string piece(100'000, 'x');
  Status status;
  int pieces = 0;
  while (status && pieces < 100) status = buffer.append(piece), ++pieces;
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::parse);
  EXPECT_LE(buffer.pending(), kWorkerLineLimit);
  EXPECT_EQ(pieces, 11);
}

}  // namespace
}  // namespace isojoule
