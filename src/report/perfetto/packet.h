// The few messages of Perfetto's trace format that an export needs, as bytes.
//
// Field numbers and meanings: protos/perfetto/trace/ of https://github.com/google/perfetto
// (trace_packet, clock_snapshot, track_event/{track_descriptor, process_descriptor,
// counter_descriptor, track_event, debug_annotation}.proto) and
// https://perfetto.dev/docs/reference/synthetic-track-event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace isojoule::perfetto {

// Fields in the order in which they are put; wire format:
// https://protobuf.dev/programming-guides/encoding
class Message {
 public:
  Message& whole(int field, std::uint64_t value);
  Message& real(int field, double value);
  Message& text(int field, std::string_view value);  // strings, bytes
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  // Its fields behind those that are there.
  Message& append(const Message& other) {
    bytes_ += other.bytes_;
    return *this;
  }

 private:
  void varint(std::uint64_t value);
  std::string bytes_;
};

// What a slice says when one clicks on it: DebugAnnotations of a TrackEvent.
Message annotation(std::string_view name, double value);
Message annotation(std::string_view name, std::int64_t value);
Message annotation(std::string_view name, std::string_view value);

// Whole TracePackets, as fields of the Trace message: a file is these one after another.
//
// Relates the clock of all packets, CLOCK_MONOTONIC, to the line that is shown. Comes first.
std::string clock_packet(std::int64_t begin_ns);
std::string process_packet(std::uint64_t track, std::int64_t pid, std::string_view name);
// A track of slices below another track; `rank` is its place among its siblings.
std::string track_packet(std::uint64_t track, std::uint64_t parent, int rank,
                         std::string_view name);
// A track of values; `unit`: "W", "Hz".
std::string counter_track_packet(std::uint64_t track, std::uint64_t parent, int rank,
                                 std::string_view name, std::string_view unit);
std::string begin_packet(std::uint64_t track, std::int64_t time_ns, std::string_view name,
                         const Message& annotations);
std::string end_packet(std::uint64_t track, std::int64_t time_ns);
std::string value_packet(std::uint64_t track, std::int64_t time_ns, double value);

}  // namespace isojoule::perfetto
