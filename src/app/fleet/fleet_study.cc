#include "app/fleet/fleet_study.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "app/engines.h"
#include "base/text.h"
#include "base/text_file.h"
#include "base/wall_time.h"
#include "experiment/experiment.h"
#include "fleet/object.h"
#include "isojoule/version.h"

namespace isojoule {
namespace {

// Networks and files differ between boards and twins.
struct StudyInputs {
  StudyFiles files;
  StudyObjects objects;
};

bool names_boards(const fleet::Selection& selection) {
  return !selection.names.empty() || !selection.release.empty() || !selection.variant.empty();
}

class StudyFinder {
 public:
  StudyFinder(fleet::Bus& bus, const Paths& paths, const FleetStudyRequest& request)
      : bus_(bus), paths_(paths), request_(request) {}

  Result<FleetStudy> find() {
    std::string text = request_.plan_text;
    if (text.empty()) {
      ISOJOULE_TRY(text, read_text_file(request_.plan_path));
    }
    ISOJOULE_TRY(result_.plan, parse_plan(text, request_.plan_path));
    result_.plan.text = text;
    engine_ = engine_of(request_.engine, result_.plan);
    ISOJOULE_TRY(selection_, fleet::parse_selection(request_.boards));
    ISOJOULE_CHECK(fleet::set_up(bus_, request_.replicas));
    ISOJOULE_TRY(const auto members, fleet::members(bus_));
    ISOJOULE_TRY(const auto earlier, find_earlier());
    if (earlier.size() == 1) {
      ISOJOULE_CHECK(go_on_with(earlier.front(), members));
    } else {
      ISOJOULE_CHECK(begin(members));
    }
    if (!request_.open_end) ISOJOULE_CHECK(cut());
    return std::move(result_);
  }

 private:
  std::string id_for(const std::string& board, bool simulated, const StudyObjects& objects) const {
    return fleet::study_id(result_.plan.text, board, simulated, engine_, objects.networks,
                           objects.files, request_.blocks);
  }

  Plan plan_to_fit() const { return request_.open_end ? axis_by_axis(result_.plan) : result_.plan; }

  Result<const StudyInputs*> inputs(bool simulated) {
    std::optional<StudyInputs>& known = inputs_[simulated];
    if (!known) {
      StudyInputs found;
      ISOJOULE_TRY(found.files, find_study_files(paths_, result_.plan, engine_, simulated));
      ISOJOULE_TRY(found.objects, hash_study_files(found.files));
      known = std::move(found);
    }
    return &*known;
  }

  bool may_be(const fleet::StudyRecord& record) const {
    const std::string& type = selection_.type.empty() ? result_.plan.board : selection_.type;
    return (type.empty() || record.board == type) &&
           selection_.simulated.value_or(record.simulated) == record.simulated &&
           record.open_end == request_.open_end;
  }

  // Studies of this plan that somebody published; several where boards of several types fit.
  Result<std::vector<fleet::StudyRecord>> find_earlier() {
    std::vector<fleet::StudyRecord> result;
    ISOJOULE_TRY(const auto studies, fleet::studies(bus_));
    for (const fleet::StudyRecord& record : studies) {
      if (!may_be(record)) continue;
      const auto found = inputs(record.simulated);
      if (!found) continue;  // what a twin's study lacks a board's may have
      if (!request_.must_be.empty() && record.study != request_.must_be) continue;
      if (id_for(record.board, record.simulated, (*found)->objects) == record.study)
        result.push_back(record);
    }
    return result;
  }

  Status go_on_with(const fleet::StudyRecord& record, const std::vector<fleet::Member>& members) {
    ISOJOULE_TRY(const StudyInputs* found, inputs(record.simulated));
    result_.files = found->files;
    ISOJOULE_TRY(const std::string card, fleet::get_object(bus_, record.card));
    ISOJOULE_TRY(result_.card, fleet::parse_card(card));
    selection_.type = record.board;
    selection_.simulated = record.simulated;
    std::vector<std::string> names;
    if (const auto selected = fleet::select(members, selection_, record.board)) {
      const FittingBoards fit =
          fitting_boards(selected->boards, plan_to_fit(), found->files.engines, &result_.card);
      take_boards(*selected, fit, names);
    } else {
      result_.left_out.push_back(selected.error().what);  // more may come
    }
    const bool change = !request_.boards.empty() && (!names_boards(selection_) || !names.empty());
    ISOJOULE_TRY(result_.stored, change_study(bus_, record.study, [&](fleet::StudyRecord& stored) {
                   if (change)
                     stored.boards = names_boards(selection_) ? names : std::vector<std::string>();
                 }));
    return {};
  }

  void take_boards(const fleet::Selected& selected, const FittingBoards& fit,
                   std::vector<std::string>& names) {
    std::set<std::string> releases;
    for (const fleet::Member& member : fit.boards) {
      names.push_back(member.card.name);
      releases.insert(member.card.release);
    }
    result_.boards = fit.boards.size();
    if (!releases.empty()) result_.release = releases.size() == 1 ? *releases.begin() : "several";
    result_.left_out = selected.left_out;
    result_.left_out.insert(result_.left_out.end(), fit.left_out.begin(), fit.left_out.end());
  }

  Status begin(const std::vector<fleet::Member>& members) {
    ISOJOULE_TRY(const fleet::Selected selected,
                 fleet::select(members, selection_, result_.plan.board));
    const bool simulated = selected.boards.front().card.simulated;
    for (const fleet::Member& member : selected.boards)
      if (member.card.simulated != simulated)
        return fail(ErrorKind::invalid,
                    "simulated boards (" +
                        (simulated ? selected.boards.front() : member).card.name +
                        ") and real ones are no study together",
                    "Choose with --boards simulated=yes or simulated=no");
    ISOJOULE_TRY(const StudyInputs* found, inputs(simulated));
    result_.files = found->files;
    const FittingBoards fit =
        fitting_boards(selected.boards, plan_to_fit(), found->files.engines, nullptr);
    std::vector<std::string> names;
    take_boards(selected, fit, names);
    if (static_cast<std::int64_t>(fit.boards.size()) < std::max<std::int64_t>(1, selection_.least))
      return fail(fit.boards.empty() ? ErrorKind::out_of_range : ErrorKind::not_found,
                  request_.plan_path + ": " + std::to_string(fit.boards.size()) + " of " +
                      std::to_string(selected.boards.size()) +
                      " boards can do what the plan asks (" + join(fit.left_out, "; ") + ")",
                  "Change the plan's values, or choose other boards with --boards");
    result_.card = fit.boards.front().card;
    return create(*found, names);
  }

  Status create(const StudyInputs& inputs, const std::vector<std::string>& names) {
    fleet::StudyRecord record;
    record.name = result_.plan.name;
    record.board = result_.card.board;
    record.simulated = result_.card.simulated;
    record.study = id_for(record.board, record.simulated, inputs.objects);
    if (!request_.must_be.empty() && record.study != request_.must_be)
      return fail(ErrorKind::invalid,
                  request_.plan_path + ": it was begun with another engine, network or board type",
                  "Give those that it was begun with, or begin another one");
    record.engine = engine_;
    record.networks = inputs.objects.networks;
    record.files = inputs.objects.files;
    if (names_boards(selection_)) record.boards = names;
    record.total = result_.card.total;
    for (const Rail& rail : result_.card.rails) record.rails.push_back(rail.name);
    record.lanes = request_.blocks.lanes;
    record.needs_command = inputs.files.needs_command;
    record.open_end = request_.open_end;
    record.version = ISOJOULE_VERSION;
    record.created = wall_time_now();
    result_.stored.record = record;
    if (!request_.open_end) {
      ISOJOULE_CHECK(cut());
      record.blocks = static_cast<std::int64_t>(result_.blocks.size());
      record.runs = planned_runs();
    }
    ISOJOULE_CHECK(put_study_files(bus_, inputs.files, inputs.objects));
    ISOJOULE_TRY(record.plan, fleet::put_object(bus_, kPlanWriter, result_.plan.text));
    ISOJOULE_TRY(record.card, fleet::put_object(bus_, kPlanWriter, to_bytes(result_.card)));
    ISOJOULE_TRY(result_.stored, create_study(bus_, record));
    if (result_.stored.created || result_.stored.record.card == record.card) return {};
    // Somebody else was faster, and cut for another board.
    ISOJOULE_TRY(const std::string card, fleet::get_object(bus_, result_.stored.record.card));
    ISOJOULE_TRY(result_.card, fleet::parse_card(card));
    result_.blocks.clear();
    return {};
  }

  std::int64_t planned_runs() const {
    std::int64_t runs = 0;
    for (const fleet::BlockMessage& block : result_.blocks)
      runs += static_cast<std::int64_t>(block.runs.size());
    return runs;
  }

  // The same blocks as those of whoever created the study.
  Status cut() {
    if (!result_.blocks.empty()) return {};
    ISOJOULE_TRY(result_.board, fleet::described_board(result_.card));
    const fleet::StudyRecord& record = result_.stored.record;
    ISOJOULE_TRY(result_.blocks,
                 fleet::cut_blocks(record.study, result_.plan, result_.board, request_.blocks));
    const bool known = record.blocks > 0;
    if (known && (record.blocks != static_cast<std::int64_t>(result_.blocks.size()) ||
                  record.runs != planned_runs()))
      return fail(ErrorKind::newer_schema,
                  "study " + record.study + " was cut into " + std::to_string(record.blocks) +
                      " blocks by isojoule " + record.version + ", and this one makes " +
                      std::to_string(result_.blocks.size()),
                  "Go on with the version that began it, or remove it: isojoule fleet remove " +
                      record.study);
    return {};
  }

  fleet::Bus& bus_;
  const Paths& paths_;
  const FleetStudyRequest& request_;
  FleetStudy result_;
  std::string engine_;
  fleet::Selection selection_;
  std::map<bool, std::optional<StudyInputs>> inputs_;  // by whether boards are simulated
};

}  // namespace

Result<FleetStudy> find_fleet_study(fleet::Bus& bus, const Paths& paths,
                                    const FleetStudyRequest& request) {
  ISOJOULE_TRY(FleetStudy study, StudyFinder(bus, paths, request).find());
  study.engine = study.stored.record.engine;
  if (!study.files.engines.empty()) study.engine = join(study.files.engines, ", ");
  if (study.card.simulated && !study.card.engines.empty())
    study.engine = study.card.engines.front().name;
  return study;
}

StudyInfo fleet_study_info(const FleetStudy& study, const std::string& command) {
  const fleet::StudyRecord& record = study.stored.record;
  StudyInfo info;
  info.name = record.name;
  info.board = record.board;
  info.release = study.release;
  info.simulated = record.simulated;
  info.plan_toml = study.plan.text;
  info.plan_hash = record.study;
  info.program_version = ISOJOULE_VERSION;
  info.command = command;
  info.engine = study.engine;
  info.total = record.total;
  info.rails = study.card.rails;
  info.created = wall_time_now();
  info.planned_runs = record.runs;
  info.protocol_json = protocol_json(study.plan.protocol);
  return info;
}

}  // namespace isojoule
