#include <algorithm>

#include "base/text.h"
#include "import/import.h"

namespace isojoule {
namespace {

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const ImportKind& kind : import_kinds()) names.emplace_back(kind.name);
  return names;
}

Result<const ImportKind*> kind_named(const std::string& name) {
  for (const ImportKind& kind : import_kinds())
    if (kind.name == name) return &kind;
  return fail(ErrorKind::invalid, "no format is called '" + name + "'",
              unknown_name_remedy(name, kind_names()));
}

bool has_option(const ImportKind& kind, std::string_view name) {
  return std::any_of(kind.options.begin(), kind.options.end(),
                     [name](const ImportOption& option) { return option.name == name; });
}

Status check_options(const ImportKind& kind, const ImportOptions& options) {
  std::vector<std::string> known;
  for (const ImportOption& option : kind.options) known.emplace_back(option.name);
  for (const auto& [name, value] : options.options)
    if (!has_option(kind, name))
      return fail(ErrorKind::invalid,
                  "format " + std::string(kind.name) + " has no option '" + name + "'",
                  known.empty() ? "It has none" : unknown_name_remedy(name, known));
  return {};
}

// A figure of a meter that nobody can mean would end as nonsense in the integers of time.
Status check_meter(const ImportOptions& options) {
  constexpr double kMost = 1e6;  // s, W: eleven days, a megawatt
  const auto is_within = [](double value, double least) {
    return value >= least && value <= kMost;
  };
  const auto wrong = [](const char* what) {
    return fail(ErrorKind::invalid, std::string("the meter's ") + what + " cannot be",
                "Give a number of at most 1e6, in SI units; only a lag may be below zero");
  };
  if (options.window && !is_within(options.window->value(), 0)) return wrong("window");
  if (options.lag && !is_within(options.lag->value(), -kMost)) return wrong("lag");
  if (options.gain_uncertainty && !is_within(*options.gain_uncertainty, 0))
    return wrong("uncertainty of gain");
  if (options.offset_uncertainty && !is_within(options.offset_uncertainty->value(), 0))
    return wrong("uncertainty of offset");
  return {};
}

}  // namespace

Result<const ImportKind*> recognise(const LogFile& file, const ImportOptions& options) {
  const ImportKind *best = nullptr, *named = nullptr;
  int most = 0, named_count = 0;
  const auto& given = options.options;
  for (const ImportKind& kind : import_kinds()) {
    const bool has_all = std::all_of(given.begin(), given.end(), [&kind](const auto& one) {
      return has_option(kind, one.first);
    });
    if (has_all) {
      named = &kind;
      ++named_count;
    }
    if (const int sure = kind.recognises(file.head, file.path); sure > most) {
      most = sure;
      best = &kind;
    }
  }
  // Who names columns says that it is a table, however it looks.
  if (!given.empty() && named_count == 1) return named;
  if (best != nullptr) return best;
  return fail(ErrorKind::unsupported, file.path + ": its format is not known",
              "Name its columns: --format csv --option time=1:s --option power=2:W; or one of " +
                  join(kind_names(), ", ") + " with --format",
              "looked at its first " + std::to_string(file.head.size()) + " bytes");
}

Result<std::unique_ptr<LogReader>> open_log(LogFile file, const ImportOptions& options) {
  const ImportKind* kind = nullptr;
  if (options.format.empty()) {
    ISOJOULE_TRY(kind, recognise(file, options));
  } else {
    ISOJOULE_TRY(kind, kind_named(options.format));
  }
  ISOJOULE_CHECK(check_options(*kind, options));
  ISOJOULE_CHECK(check_meter(options));
  return kind->open(std::move(file), options);
}

Result<std::unique_ptr<LogReader>> open_log(const std::string& path, const ImportOptions& options) {
  ISOJOULE_TRY(LogFile file, LogFile::open(path));
  return open_log(std::move(file), options);
}

}  // namespace isojoule
