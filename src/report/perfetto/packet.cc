#include "report/perfetto/packet.h"

#include <bit>

namespace isojoule::perfetto {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2 };

// Numbers of fields, by message.
constexpr int kTracePacket = 1;
namespace trace_packet {
constexpr int kClockSnapshot = 6, kTimestamp = 8, kTrustedSequence = 10, kTrackEvent = 11,
              kSequenceFlags = 13, kClockId = 58, kTrackDescriptor = 60;
}
namespace clock_snapshot {
constexpr int kClocks = 1, kPrimary = 2, kClockId = 1, kClockTimestamp = 2;
constexpr std::uint64_t kMonotonic = 3, kBootTime = 6;  // BuiltinClock
}  // namespace clock_snapshot
namespace track_descriptor {
constexpr int kUuid = 1, kName = 2, kProcess = 3, kParent = 5, kCounter = 8, kChildOrdering = 11,
              kSiblingRank = 12;
constexpr int kPid = 1, kProcessName = 6;    // ProcessDescriptor
constexpr int kUnitName = 6;                 // CounterDescriptor
constexpr std::uint64_t kExplicitOrder = 3;  // ChildTracksOrdering
}  // namespace track_descriptor
namespace track_event {
constexpr int kAnnotations = 4, kType = 9, kTrack = 11, kName = 23, kDoubleValue = 44;
constexpr std::uint64_t kSliceBegin = 1, kSliceEnd = 2, kCounter = 4;
constexpr int kInt = 4, kDouble = 5, kString = 6, kAnnotationName = 10;  // DebugAnnotation
}  // namespace track_event

// One writer, one sequence; nothing is interned, so that its state is clear from the start.
constexpr std::uint64_t kSequence = 1;
constexpr std::uint64_t kStateCleared = 1;

std::string whole_packet(Message packet) {
  packet.whole(trace_packet::kTrustedSequence, kSequence);
  return Message().message(kTracePacket, packet).bytes();
}

std::string descriptor_packet(const Message& descriptor) {
  return whole_packet(Message().message(trace_packet::kTrackDescriptor, descriptor));
}

// Times never lie before the clock's zero: the export refuses such runs.
Message timed(std::int64_t time_ns) {
  return Message()
      .whole(trace_packet::kTimestamp, static_cast<std::uint64_t>(time_ns))
      .whole(trace_packet::kClockId, clock_snapshot::kMonotonic);
}

std::string event_packet(std::int64_t time_ns, const Message& event) {
  return whole_packet(timed(time_ns).message(trace_packet::kTrackEvent, event));
}

Message event_of(std::uint64_t track, std::uint64_t type) {
  return Message().whole(track_event::kType, type).whole(track_event::kTrack, track);
}

Message annotation_named(std::string_view name) {
  return Message().text(track_event::kAnnotationName, name);
}

Message as_field(const Message& annotation) {
  return Message().message(track_event::kAnnotations, annotation);
}

}  // namespace

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
  bytes_ += static_cast<char>(value);
}

Message& Message::whole(int field, std::uint64_t value) {
  varint(static_cast<std::uint64_t>(field) << 3 | kVarint);
  varint(value);
  return *this;
}

Message& Message::real(int field, double value) {
  varint(static_cast<std::uint64_t>(field) << 3 | kFixed64);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8)  // little-endian
    bytes_ += static_cast<char>(bits >> shift & 0xff);
  return *this;
}

Message& Message::text(int field, std::string_view value) {
  varint(static_cast<std::uint64_t>(field) << 3 | kLengthDelimited);
  varint(value.size());
  bytes_ += value;
  return *this;
}

Message annotation(std::string_view name, double value) {
  return as_field(annotation_named(name).real(track_event::kDouble, value));
}

Message annotation(std::string_view name, std::int64_t value) {
  return as_field(
      annotation_named(name).whole(track_event::kInt, static_cast<std::uint64_t>(value)));
}

Message annotation(std::string_view name, std::string_view value) {
  return as_field(annotation_named(name).text(track_event::kString, value));
}

// The viewer's own line is CLOCK_BOOTTIME unless a snapshot says otherwise, and older ones do not
// listen: both clocks get the same time, so that every version shows the nanoseconds as they are.
std::string clock_packet(std::int64_t begin_ns) {
  Message snapshot;
  for (const std::uint64_t clock : {clock_snapshot::kMonotonic, clock_snapshot::kBootTime})
    snapshot.message(clock_snapshot::kClocks, Message()
                                                  .whole(clock_snapshot::kClockId, clock)
                                                  .whole(clock_snapshot::kClockTimestamp,
                                                         static_cast<std::uint64_t>(begin_ns)));
  snapshot.whole(clock_snapshot::kPrimary, clock_snapshot::kMonotonic);
  // Without a time of its own: until it has been read, nobody can place one.
  return whole_packet(Message()
                          .message(trace_packet::kClockSnapshot, snapshot)
                          .whole(trace_packet::kSequenceFlags, kStateCleared));
}

std::string process_packet(std::uint64_t track, std::int64_t pid, std::string_view name) {
  using namespace track_descriptor;
  const Message process =
      Message().whole(kPid, static_cast<std::uint64_t>(pid)).text(kProcessName, name);
  return descriptor_packet(Message()
                               .whole(kUuid, track)
                               .text(kName, name)
                               .message(kProcess, process)
                               .whole(kChildOrdering, kExplicitOrder));
}

std::string track_packet(std::uint64_t track, std::uint64_t parent, int rank,
                         std::string_view name) {
  using namespace track_descriptor;
  return descriptor_packet(Message()
                               .whole(kUuid, track)
                               .whole(kParent, parent)
                               .text(kName, name)
                               .whole(kSiblingRank, static_cast<std::uint64_t>(rank)));
}

std::string counter_track_packet(std::uint64_t track, std::uint64_t parent, int rank,
                                 std::string_view name, std::string_view unit) {
  using namespace track_descriptor;
  Message counter;
  if (!unit.empty()) counter.text(kUnitName, unit);
  return descriptor_packet(Message()
                               .whole(kUuid, track)
                               .whole(kParent, parent)
                               .text(kName, name)
                               .message(kCounter, counter)
                               .whole(kSiblingRank, static_cast<std::uint64_t>(rank)));
}

std::string begin_packet(std::uint64_t track, std::int64_t time_ns, std::string_view name,
                         const Message& annotations) {
  return event_packet(
      time_ns,
      event_of(track, track_event::kSliceBegin).text(track_event::kName, name).append(annotations));
}

std::string end_packet(std::uint64_t track, std::int64_t time_ns) {
  return event_packet(time_ns, event_of(track, track_event::kSliceEnd));
}

std::string value_packet(std::uint64_t track, std::int64_t time_ns, double value) {
  return event_packet(
      time_ns, event_of(track, track_event::kCounter).real(track_event::kDoubleValue, value));
}

}  // namespace isojoule::perfetto
