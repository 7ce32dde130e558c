// A Jetson's power modes. nodes: the conf file (/etc/nvpmodel.conf, a link to the module's own).
// Values are the modes' names in the file's order, which is not the order of their speed, and a
// higher power is not always the higher clock (Orin NX: 25W caps the GPU below 15W).
//
// options.status: the file in which nvpmodel keeps the mode (/var/lib/nvpmodel/status unless said).
// Where the program nvpmodel is there, it is asked and sets the mode; otherwise the nodes of the
// conf are written: cores on, then the conf's order with each pair of limits in the order that
// kernel 4.9 takes, then cores off, then the status file. Clocks go to the nearest entry of their
// table, as nvpmodel does it. Either way every parameter is read back; one that was not reached is
// an error (not_reached) that names it. A cap that the mode wants lifted and the program left at or
// below one of the modes' is lifted here: what the clock then reads is its end.
//
// The mode outlives a restart through the status file; it is restored with the nodes. Where the
// program would make that file anew, no mode is set (unsupported).
//
// A mode whose power gating mask (TPC_PG_MASK and its kin) differs from the present one needs a
// reboot (nvgpu: EBUSY as soon as a program has used the GPU) and is refused before anything is
// written. A parameter whose node the kernel never had is passed over, as is one of a core that is
// offline. X_KNEXT is X's path in another kernel.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "knob/knob.h"
#include "knob/node.h"
#include "knob/number_choice.h"
#include "knob/nvpmodel/conf.h"
#include "knob/nvpmodel/mode_nodes.h"
#include "knob/nvpmodel/program.h"

namespace isojoule {
namespace {

using nvpmodel::Conf;
using nvpmodel::Mode;

// nvpmodel sleeps in places; a mode takes it about a second.
constexpr Duration kProgramLimit = Duration::milliseconds(20000);

class NvpmodelKnob final : public Knob {
 public:
  NvpmodelKnob(const KnobSpec& spec, FileTree& tree, Conf conf);
  Status prepare();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  Result<int> present_mode();
  Result<const Mode*> checked(const Value& value) const;
  Status set_by_program(const Mode& mode);
  Status set_by_nodes(const Mode& mode);
  Status check_status() const;
  Status verify_status(const Mode& mode);

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  Conf conf_;
  std::vector<Value> values_;
  std::string status_ = "/var/lib/nvpmodel/status";
  bool has_program_ = false;
  std::string complaint_;  // what the program said on the last set()
  nvpmodel::ModeNodes nodes_;
};

NvpmodelKnob::NvpmodelKnob(const KnobSpec& spec, FileTree& tree, Conf conf)
    : spec_(spec),
      tree_(tree),
      axis_{spec.axis, Unit::none, false, "power mode of the module (nvpmodel)"},
      conf_(std::move(conf)),
      nodes_(conf_, tree_, axis_.name) {
  for (const auto& mode : conf_.modes) values_.emplace_back(mode.name);
  if (const auto found = spec.options.find("status"); found != spec.options.end())
    status_ = found->second;
}

// Reads whatever save() will read: a node that cannot be saved must not be set.
Status NvpmodelKnob::prepare() {
  const auto answer = tree_.run({"nvpmodel", "-q"}, kProgramLimit);
  has_program_ = answer || (answer.error().kind != ErrorKind::not_found &&
                            answer.error().kind != ErrorKind::unsupported);
  nodes_.remember_present();
  ISOJOULE_CHECK(do_save());
  return {};
}

// The program, the status file, the one mode whose parameters all hold, the conf's default.
Result<int> NvpmodelKnob::present_mode() {
  if (has_program_) {
    ISOJOULE_TRY(const std::string output, tree_.run({"nvpmodel", "-q"}, kProgramLimit));
    return nvpmodel::parse_query(output, conf_);
  }
  const auto text = tree_.read(status_);
  if (text) return nvpmodel::parse_status(*text, status_);
  if (text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
  std::vector<int> matching;
  for (const auto& mode : conf_.modes)
    if (nodes_.verify(mode)) matching.push_back(mode.id);
  if (matching.size() == 1) return matching.front();
  if (conf_.default_mode) return *conf_.default_mode;
  return fail(ErrorKind::no_data, axis_.name + ": nothing says which mode it is",
              "Set one with 'nvpmodel -m'", status_);
}

Result<Value> NvpmodelKnob::do_get() {
  ISOJOULE_TRY(const int id, present_mode());
  const Mode* mode = conf_.find_mode(id);
  if (mode != nullptr) return Value(mode->name);
  return fail(ErrorKind::parse,
              axis_.name + ": the mode is " + std::to_string(id) + ", which " +
                  spec_.nodes.front() + " does not have",
              "Check that it is this module's file", status_);
}

Result<const Mode*> NvpmodelKnob::checked(const Value& value) const {
  const std::string name = to_string(value);
  const bool is_text = std::holds_alternative<std::string>(value);
  if (const Mode* mode = is_text ? conf_.find_mode(name) : nullptr) return mode;
  std::vector<std::string> names;
  for (const auto& mode : conf_.modes) names.push_back(mode.name);
  return fail(ErrorKind::out_of_range, axis_.name + ": the board has no mode '" + name + "'",
              unknown_name_remedy(name, names), spec_.nodes.front());
}

// An error line of a program that ended well may be about a node that this kernel does not have;
// the read-back decides, and the line is said with what it finds.
Status NvpmodelKnob::set_by_program(const Mode& mode) {
  const auto output = tree_.run({"nvpmodel", "-m", std::to_string(mode.id)}, kProgramLimit);
  auto judged = nvpmodel::judge_answer(output ? *output : output.error().what, mode);
  if (!judged && (!output || judged.error().kind != ErrorKind::io)) return judged;
  if (!output) return tl::unexpected<Error>(output.error());
  if (!judged) complaint_ = "; " + judged.error().what;
  return nodes_.lift_doubtful(mode);
}

Status NvpmodelKnob::set_by_nodes(const Mode& mode) {
  ISOJOULE_CHECK(nodes_.write(mode));
  const auto text = tree_.read(status_);
  if (!text && text.error().kind == ErrorKind::not_found) return {};  // a file is never made here
  if (!text) return tl::unexpected<Error>(text.error());
  return node::write(tree_, status_, nvpmodel::status_with(*text, mode.id));
}

// nvpmodel would make the file, and no text that is written back takes it away again: the next
// start of the board would set our mode.
Status NvpmodelKnob::check_status() const {
  if (!has_program_ || tree_.exists(status_)) return {};
  return fail(ErrorKind::unsupported,
              axis_.name + ": " + status_ + " is not there, so a mode could not be undone for good",
              "Let nvpmodel write it once: sudo nvpmodel -m and the present mode (nvpmodel -q)",
              "look up");
}

Status NvpmodelKnob::verify_status(const Mode& mode) {
  ISOJOULE_TRY(const int id, present_mode());
  if (id == mode.id) return {};
  return fail(ErrorKind::not_reached,
              axis_.name + ": mode '" + mode.name + "' was set and the board still says mode " +
                  std::to_string(id),
              {}, has_program_ ? "run nvpmodel -q" : status_);
}

Result<Value> NvpmodelKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const Mode* mode, checked(value));
  ISOJOULE_CHECK(nodes_.check_no_reboot(*mode));
  ISOJOULE_CHECK(check_status());
  complaint_.clear();
  ISOJOULE_CHECK(has_program_ ? set_by_program(*mode) : set_by_nodes(*mode));
  Status last;
  const auto reached = [&]() -> Result<bool> {
    last = nodes_.verify(*mode);
    if (!last && last.error().kind != ErrorKind::not_reached)
      return tl::unexpected<Error>(last.error());
    return last.has_value();
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  if (last) last = verify_status(*mode);
  if (last) return value;
  last.error().what += complaint_;
  return tl::unexpected<Error>(last.error());
}

Result<std::vector<SavedNode>> NvpmodelKnob::do_save() {
  ISOJOULE_TRY(auto saved, nodes_.save());
  // The start of the board sets the mode that the status file names.
  for (SavedNode& node : saved) node.lasts = SavedNode::Lasts::from_disk;
  if (!tree_.exists(status_)) return saved;
  ISOJOULE_CHECK(node::save(tree_, status_, saved));
  saved.back().lasts = SavedNode::Lasts::disk;
  return saved;
}

Result<std::unique_ptr<Knob>> open_nvpmodel(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.size() != 1)
    return fail(ErrorKind::invalid, spec.axis + ": needs one node, the conf file",
                "Write nodes = [\"/etc/nvpmodel.conf\"] in the board file");
  const std::string& path = spec.nodes.front();
  ISOJOULE_TRY(const std::string text, tree.read(path));
  ISOJOULE_TRY(Conf conf, nvpmodel::parse_conf(text, path));
  auto knob = std::make_unique<NvpmodelKnob>(spec, tree, std::move(conf));
  ISOJOULE_CHECK(knob->prepare());
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace

const KnobKind& knob_kind_nvpmodel();
const KnobKind& knob_kind_nvpmodel() {
  static const KnobKind kind{"nvpmodel", "power mode of a Jetson, by its program or its nodes",
                             open_nvpmodel};
  return kind;
}

}  // namespace isojoule
