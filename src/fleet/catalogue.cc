#include "fleet/catalogue.h"

#include <algorithm>
#include <map>

#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

std::map<std::string, KeyValue> by_key(std::vector<KeyValue> entries) {
  std::map<std::string, KeyValue> found;
  for (KeyValue& entry : entries)
    if (!entry.removed) found[entry.key] = std::move(entry);
  return found;
}

BoardCard card_in(const KeyValue& entry) {
  auto card = parse_card(entry.value);
  if (card && card->name == entry.key) return std::move(*card);
  BoardCard broken;
  broken.name = entry.key;
  broken.problems.push_back(card ? "its card is of another board, " + card->name
                                 : "its card cannot be read: " + card.error().what);
  return broken;
}

// Of one board out of the three buckets.
Member member_of(const KeyValue& card, const KeyValue* pulse, const KeyValue* order) {
  Member member;
  member.card = card_in(card);
  if (pulse != nullptr) {
    auto read = parse_pulse(pulse->value);
    if (read)
      member.pulse = std::move(*read);
    else
      member.card.problems.push_back("its pulse cannot be read: " + read.error().what);
  }
  if (order != nullptr) {
    auto read = parse_order(order->value);
    if (read)
      member.order = std::move(*read);
    else
      member.card.problems.push_back("its order cannot be read: " + read.error().what);
  }
  return member;
}

const KeyValue* entry_of(const std::map<std::string, KeyValue>& entries, const std::string& key) {
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

}  // namespace

Result<std::vector<Member>> members(Bus& bus) {
  ISOJOULE_TRY(auto card_list, bus.list(kCards));
  ISOJOULE_TRY(auto pulse_list, bus.list(kPulses));
  ISOJOULE_TRY(auto order_list, bus.list(kOrders));
  const auto cards = by_key(std::move(card_list));
  const auto pulses = by_key(std::move(pulse_list));
  const auto orders = by_key(std::move(order_list));
  std::vector<Member> found;
  for (const auto& [name, card] : cards)
    found.push_back(member_of(card, entry_of(pulses, name), entry_of(orders, name)));
  return found;
}

Result<std::vector<StudyRecord>> studies(Bus& bus) {
  ISOJOULE_TRY(const auto entries, bus.list(kStudies));
  std::vector<StudyRecord> found;
  for (const KeyValue& entry : entries) {
    if (entry.removed) continue;
    // One that cannot be read is somebody else's, or a later program's: nothing to be done here.
    auto study = parse_study(entry.value);
    if (study && study->study == entry.key) found.push_back(std::move(*study));
  }
  std::sort(found.begin(), found.end(), [](const StudyRecord& a, const StudyRecord& b) {
    return std::tie(a.created, a.study) < std::tie(b.created, b.study);
  });
  return found;
}

}  // namespace isojoule::fleet
