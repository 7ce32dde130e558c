#include "base/faulty_tree.h"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace isojoule {
namespace {

constexpr std::string_view kGarbage = "\xff\x80?#~\n";
constexpr std::size_t kNodeSize = 65536;

bool fits(const std::string& pattern, const std::string& path) {
  return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
}

// Which kinds a read or a write feels.
bool applies(Fault::Kind kind, bool writing) {
  switch (kind) {
    case Fault::Kind::error:
    case Fault::Kind::hang: return true;
    case Fault::Kind::write_error:
    case Fault::Kind::ignored_write: return writing;
    case Fault::Kind::read_error:
    case Fault::Kind::empty:
    case Fault::Kind::garbage:
    case Fault::Kind::frozen: return !writing;
  }
  return false;
}

std::size_t copied(std::string_view text, std::span<char> buffer) {
  const std::size_t size = std::min(text.size(), buffer.size());
  std::memcpy(buffer.data(), text.data(), size);
  return size;
}

}  // namespace

struct FaultyTree::Rule {
  std::string pattern;
  Fault fault;
  std::size_t accesses = 0;
  std::map<std::string, std::string> frozen = {};  // path -> what it first gave
};

Fault Fault::from(std::size_t access) const {
  Fault fault = *this;
  fault.first_ = access;
  return fault;
}

Fault Fault::times(std::size_t count) const {
  Fault fault = *this;
  fault.count_ = count;
  return fault;
}

// A node kept open: each read is an access of its own. The inner file may be null where opening it
// was what a fault hit later.
class FaultyFile final : public File {
 public:
  FaultyFile(FaultyTree& tree, std::string path, std::unique_ptr<File> inner)
      : tree_(tree), path_(std::move(path)), inner_(std::move(inner)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    FaultyTree::Rule* rule = tree_.next(path_, false);
    ISOJOULE_CHECK(tree_.begin(rule, path_, false));
    if (rule == nullptr) return inner_->read(buffer);
    switch (rule->fault.kind()) {
      case Fault::Kind::empty: return 0;
      case Fault::Kind::garbage: return copied(kGarbage, buffer);
      case Fault::Kind::frozen: return frozen(*rule, buffer);
      default: return inner_->read(buffer);
    }
  }
  Result<std::size_t> frozen(FaultyTree::Rule& rule, std::span<char> buffer) {
    const std::string node = tree_.tree_.canonical(path_).value_or(path_);
    const auto found = rule.frozen.find(node);
    if (found != rule.frozen.end()) return copied(found->second, buffer);
    ISOJOULE_TRY(const std::size_t size, inner_->read(buffer));
    rule.frozen[node] = std::string(buffer.data(), size);
    return size;
  }
  FaultyTree& tree_;
  std::string path_;
  std::unique_ptr<File> inner_;
};

FaultyTree::FaultyTree(FileTree& tree, Clock& clock) : tree_(tree), clock_(clock) {}
FaultyTree::~FaultyTree() = default;

void FaultyTree::fail(const std::string& pattern, const Fault& fault) {
  rules_.push_back({pattern, fault});
}

void FaultyTree::heal() { rules_.clear(); }

std::size_t FaultyTree::accesses(const std::string& pattern) const {
  std::size_t most = 0;
  for (const Rule& rule : rules_)
    if (rule.pattern == pattern) most = std::max(most, rule.accesses);
  return most;
}

FaultyTree::Rule* FaultyTree::match(std::string_view path, bool writing) {
  if (rules_.empty()) return nullptr;
  const std::string asked(path);
  const auto resolved = tree_.canonical(path);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    if (applies(rule->fault.kind(), writing) &&
        (fits(rule->pattern, asked) || (resolved && fits(rule->pattern, *resolved))))
      return &*rule;
  return nullptr;
}

FaultyTree::Rule* FaultyTree::next(std::string_view path, bool writing) {
  Rule* rule = match(path, writing);
  if (rule == nullptr) return nullptr;
  return rule->fault.concerns(++rule->accesses) ? rule : nullptr;
}

// Whether the next access would find no node. Does not count as one.
bool FaultyTree::vanished(std::string_view path) {
  const Rule* rule = match(path, false);
  return rule != nullptr && rule->fault.kind() == Fault::Kind::error &&
         rule->fault.number() == ENOENT && rule->fault.concerns(rule->accesses + 1);
}

// What comes before the access itself: an error, or the wait of a hanging node.
Status FaultyTree::begin(Rule* rule, std::string_view path, bool writing) {
  if (rule == nullptr) return {};
  switch (rule->fault.kind()) {
    case Fault::Kind::error:
    case Fault::Kind::read_error:
    case Fault::Kind::write_error:
      return tl::unexpected<Error>(
          error_from_errno(rule->fault.number(), path, writing ? "write" : "read"));
    case Fault::Kind::hang: clock_.sleep_for(kHang); return {};
    default: return {};
  }
}

Result<std::string> FaultyTree::do_read(std::string_view path) {
  ISOJOULE_TRY(auto inner, tree_.open(path));
  FaultyFile file(*this, std::string(path), std::move(inner));
  std::string text(kNodeSize, '\0');
  ISOJOULE_TRY(const std::size_t size, file.read(text));
  text.resize(size);
  return text;
}

Status FaultyTree::do_write(std::string_view path, std::string_view text) {
  Rule* rule = next(path, true);
  ISOJOULE_CHECK(begin(rule, path, true));
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::ignored_write) return {};
  return tree_.write(path, text);
}

Result<std::vector<std::string>> FaultyTree::do_list(std::string_view path) {
  Rule* rule = next(path, false);
  ISOJOULE_CHECK(begin(rule, path, false));
  ISOJOULE_TRY(auto names, tree_.list(path));
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::empty) names.clear();
  const std::string folder = path.ends_with('/') ? std::string(path) : std::string(path) + "/";
  std::erase_if(names, [&](const std::string& name) { return vanished(folder + name); });
  return names;
}

bool FaultyTree::do_exists(std::string_view path) { return !vanished(path) && tree_.exists(path); }

Result<std::string> FaultyTree::do_canonical(std::string_view path) {
  if (vanished(path)) return tl::unexpected<Error>(error_from_errno(ENOENT, path, "look up"));
  return tree_.canonical(path);
}

// Opening is an access only where the fault is an error: whether a node can be opened is what the
// errors are about, what it then says is a matter of its reads.
Result<std::unique_ptr<File>> FaultyTree::do_open(std::string_view path) {
  Rule* rule = match(path, false);
  if (rule != nullptr && (rule->fault.number() == ENOENT || rule->fault.number() == EACCES))
    ISOJOULE_CHECK(begin(next(path, false), path, false));
  ISOJOULE_TRY(auto inner, tree_.open(path));
  return std::make_unique<FaultyFile>(*this, std::string(path), std::move(inner));
}

// A program's path is its name: fail("nvpmodel", ...).
Result<std::string> FaultyTree::do_run(const std::vector<std::string>& command, Duration limit) {
  const std::string name = command.empty() ? std::string() : command[0];
  Rule* rule = name.empty() ? nullptr : next(name, false);
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::hang && kHang >= limit) {
    clock_.sleep_for(limit);
    return isojoule::fail(ErrorKind::timeout, name + ": no end in sight", {}, "run");
  }
  ISOJOULE_CHECK(begin(rule, name, false));
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::empty) return std::string();
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::garbage) return std::string(kGarbage);
  ISOJOULE_TRY(std::string text, tree_.run(command, limit));
  if (rule != nullptr && rule->fault.kind() == Fault::Kind::frozen)
    return rule->frozen.try_emplace(name, text).first->second;
  return text;
}

}  // namespace isojoule
