// For libFuzzer (preset fuzz); the kept corpus in tests/corpus/fleet_message runs in
// message_test.cc.
//
// The first byte chooses the message, the rest are its bytes. What is taken can be written again,
// and is then the same; what is refused says why and what to do.
#include "fleet/message.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace isojoule;

void hold_message(bool is_well) {
  if (!is_well) std::abort();
}

template <typename Parse, typename Write>
void there_and_back(std::string_view bytes, Parse parse, Write write) {
  const auto read = parse(bytes);
  if (!read) {
    hold_message(!read.error().what.empty() && !read.error().remedy.empty());
    return;
  }
  const std::string once = write(*read);
  const auto again = parse(once);
  hold_message(again.has_value());
  hold_message(write(*again) == once);
}

void check_run_message(std::string_view bytes) {
  const auto read = isojoule::fleet::parse_run(bytes);
  if (!read) return;
  hold_message(read->run.sequence >= 0 && read->run.block >= 0);
  for (const isojoule::Phase& phase : read->run.phases) hold_message(phase.begin <= phase.end);
  for (const isojoule::WindowEnergy& energy : read->run.window_energies)
    hold_message(energy.window >= 0 &&
                 energy.window < static_cast<std::int64_t>(read->run.windows.size()));
}

template <typename Message>
auto writer() {
  return [](const Message& message) { return isojoule::fleet::to_bytes(message); };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isojoule::fleet;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c': there_and_back(bytes, parse_card, writer<BoardCard>()); break;
    case 'p': there_and_back(bytes, parse_pulse, writer<Pulse>()); break;
    case 'o': there_and_back(bytes, parse_order, writer<Order>()); break;
    case 'j': there_and_back(bytes, parse_join, writer<Join>()); break;
    case 't': there_and_back(bytes, parse_trouble, writer<Trouble>()); break;
    case 's': there_and_back(bytes, parse_study, writer<StudyRecord>()); break;
    case 'b': there_and_back(bytes, parse_block, writer<BlockMessage>()); break;
    case 'r':
      check_run_message(bytes);
      there_and_back(bytes, parse_run, writer<RunMessage>());
      break;
    case 'x': there_and_back(bytes, parse_trace, trace_bytes); break;
    default: break;
  }
  return 0;
}
