#include "report/html/page.h"

namespace isojoule {
namespace {

constexpr std::string_view kTitleGap = "@ISOJOULE_TITLE@";
constexpr std::string_view kStudyGap = "@ISOJOULE_STUDY@";

// The entity of a character that HTML reads otherwise; empty for all others.
std::string_view entity_of(char character) {
  switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char character : text) {
    const std::string_view entity = entity_of(character);
    if (entity.empty())
      escaped += character;
    else
      escaped += entity;
  }
  return escaped;
}

std::string script_json(const nlohmann::json& json) {
  const std::string plain = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size() + 64);
  for (const char character : plain) {  // `<` stands in JSON inside strings only
    if (character == '<')
      safe += "\\u003c";
    else
      safe += character;
  }
  return safe;
}

// The gaps are looked for in the page alone, never in what was filled in: a study may be named like
// a gap.
Result<std::string> fill_page(std::string_view page, std::string_view title,
                              const nlohmann::json& study) {
  const std::size_t title_at = page.find(kTitleGap);
  const std::size_t study_at = page.find(kStudyGap);
  if (title_at == std::string_view::npos || study_at == std::string_view::npos ||
      study_at < title_at)
    return fail(ErrorKind::damaged, "the report's page lacks the place for the study's data",
                "Build it again: cd web && npm ci && npm run build, then build isojoule");
  const std::size_t between = title_at + kTitleGap.size();
  std::string filled(page.substr(0, title_at));
  filled += escape_html(title);
  filled += page.substr(between, study_at - between);
  filled += script_json(study);
  filled += page.substr(study_at + kStudyGap.size());
  return filled;
}

}  // namespace isojoule
