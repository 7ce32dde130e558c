// The open studies, which of them are for this board, and the next block of theirs.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/fleet/agent_fit.h"
#include "app/fleet/agent_study.h"
#include "app/paths.h"
#include "app/target.h"
#include "fleet/bus.h"

namespace isojoule::agent {

// A block in this board's hands.
struct TakenBlock {
  OpenStudy* study = nullptr;  // the book's; until the next look()
  std::unique_ptr<fleet::Claim> claim;
  fleet::BlockMessage block;
};

class StudyBook {
 public:
  using Says = std::function<void(const std::string& line)>;
  StudyBook(fleet::Bus& bus, const Paths& paths, const TargetOptions& target, BoardFacts facts,
            Says says)
      : bus_(bus),
        paths_(paths),
        target_(target),
        facts_(std::move(facts)),
        says_(std::move(says)) {}

  // What has changed on the server, without waiting. Errors: of the bus; it begins anew the next
  // time.
  Status look();
  // A block of the oldest study that has one, but the studies take turns. Decides about studies
  // that are new. Nothing where there is none within `limit`.
  Result<std::optional<TakenBlock>> take(Duration limit);
  // It is not for this board after all.
  Status refuse(OpenStudy& study, const std::string& why);
  std::size_t size() const { return studies_.size(); }

 private:
  void note(const fleet::KeyValue& entry);
  void note_unreadable(const fleet::KeyValue& entry, const Error& error);
  Status decide(OpenStudy& study);
  Result<Fit> fit(OpenStudy& study);
  Status join(OpenStudy& study);
  Status balance(OpenStudy& study);
  bool is_takable(OpenStudy& study);
  Result<std::optional<TakenBlock>> take_from(OpenStudy& study, Duration limit);
  std::vector<OpenStudy*> in_turn();

  fleet::Bus& bus_;
  const Paths& paths_;
  const TargetOptions& target_;
  const BoardFacts facts_;
  const Says says_;
  std::unique_ptr<fleet::Watch> watch_;
  std::chrono::steady_clock::time_point watched_;
  std::map<std::string, OpenStudy> studies_;
  std::uint64_t last_order_ = 0;  // of the study that the last block was from
};

}  // namespace isojoule::agent
