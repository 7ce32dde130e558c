#include "app/helper/protocol.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace isojoule::helper {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kVerbs = {"hello", "open", "write", "bye"};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status check_path(const std::string& path) {
  const auto bad = [](const std::string& why) {
    return fail(ErrorKind::invalid, "the path " + why, {}, "read a request");
  };
  if (path.empty() || path.front() != '/') return bad("is not absolute");
  if (path.size() > kPathLimit) return bad("is too long");
  if (!is_printable(path)) return bad("has bytes that no path of a board has");
  const std::string_view all = path;
  for (std::size_t at = 1; at <= all.size();) {
    const std::size_t end = std::min(all.find('/', at), all.size());
    const std::string_view part = all.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return bad("has an empty part, '.' or '..'");
    at = end + 1;
  }
  return {};
}

Status check_text(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty() && text.size() <= kTextLimit && is_printable(text)) return {};
  return fail(ErrorKind::invalid,
              "a text is 1 to " + std::to_string(kTextLimit) + " bytes of printable ASCII", {},
              "read a request");
}

// The text of a key that must be there.
Result<std::string> text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found != object.end() && found->is_string()) return found->get<std::string>();
  return fail(ErrorKind::invalid, std::string("'") + key + "' must be there and be a text", {},
              "read a line");
}

Status check_protocol(const json& object) {
  const auto found = object.find("protocol");
  if (found == object.end() || !found->is_number_integer())
    return fail(ErrorKind::invalid, "'protocol' must be there and be a number", {}, "read a line");
  if (*found == kProtocol) return {};
  return fail(
      ErrorKind::newer_schema,
      "the other side speaks protocol " + found->dump() + ", known is " + std::to_string(kProtocol),
      "Use the same version of isojoule and isojouled");
}

Result<json> parse_object(std::string_view line) {
  json object = json::parse(line, nullptr, false);
  if (object.is_object()) return object;
  return fail(ErrorKind::parse, "the line is no JSON object", {}, "read a line");
}

Result<std::vector<std::string>> texts_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array())
    return fail(ErrorKind::invalid, std::string("'") + key + "' must be there and be a list", {},
                "read a reply");
  std::vector<std::string> texts;
  for (const auto& one : *found) {
    if (!one.is_string())
      return fail(ErrorKind::invalid, std::string("'") + key + "' must have texts only", {},
                  "read a reply");
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

ErrorKind kind_of_name(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i)
    if (name_of(static_cast<ErrorKind>(i)) == name) return static_cast<ErrorKind>(i);
  return ErrorKind::io;  // a later version's
}

Result<Request> request_of(const json& object, Verb verb) {
  Request request;
  request.verb = verb;
  std::size_t keys = 1;
  if (verb == Verb::hello) {
    ISOJOULE_CHECK(check_protocol(object));
    ++keys;
  }
  if (verb == Verb::open || verb == Verb::write) {
    ISOJOULE_TRY(request.path, text_of(object, "path"));
    ISOJOULE_CHECK(check_path(request.path));
    ++keys;
  }
  if (verb == Verb::write) {
    ISOJOULE_TRY(request.text, text_of(object, "text"));
    ISOJOULE_CHECK(check_text(request.text));
    ++keys;
  }
  if (object.size() == keys) return request;
  return fail(ErrorKind::invalid, "the request has a key that it may not have", {},
              "read a request");
}

// Paths of a kernel are ASCII; whatever else got into a message is replaced.
std::string line_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
  if (line.size() > kRequestLimit)
    return fail(ErrorKind::invalid, "the line is too long", {}, "read a request");
  ISOJOULE_TRY(const json object, parse_object(line));
  ISOJOULE_TRY(const std::string name, text_of(object, "request"));
  const auto found = std::find(kVerbs.begin(), kVerbs.end(), name);
  if (found == kVerbs.end())
    return fail(ErrorKind::invalid, "no such request; known: hello, open, write, bye", {},
                "read a request");
  return request_of(object, static_cast<Verb>(found - kVerbs.begin()));
}

std::string to_line(const Request& request) {
  json object = {{"request", kVerbs.at(static_cast<std::size_t>(request.verb))}};
  if (request.verb == Verb::hello) object["protocol"] = kProtocol;
  if (request.verb == Verb::open || request.verb == Verb::write) object["path"] = request.path;
  if (request.verb == Verb::write) object["text"] = request.text;
  return line_of(object);
}

Result<Reply> parse_reply(std::string_view line) {
  ISOJOULE_TRY(const json object, parse_object(line));
  const auto ok = object.find("ok");
  if (ok == object.end() || !ok->is_boolean())
    return fail(ErrorKind::invalid, "the reply does not say whether it is ok", {}, "read a reply");
  Reply reply;
  if (!ok->get<bool>()) {
    Error error;
    ISOJOULE_TRY(const std::string kind, text_of(object, "kind"));
    error.kind = kind_of_name(kind);
    ISOJOULE_TRY(error.what, text_of(object, "what"));
    ISOJOULE_TRY(error.tried, text_of(object, "tried"));
    ISOJOULE_TRY(error.remedy, text_of(object, "remedy"));
    reply.error = std::move(error);
  } else if (object.contains("board")) {
    ISOJOULE_CHECK(check_protocol(object));
    ISOJOULE_TRY(reply.board, text_of(object, "board"));
    ISOJOULE_TRY(reply.readable, texts_of(object, "readable"));
    ISOJOULE_TRY(reply.writable, texts_of(object, "writable"));
  }
  return reply;
}

std::string to_line(const Reply& reply, Verb verb) {
  if (reply.error)
    return line_of({{"ok", false},
                    {"kind", name_of(reply.error->kind)},
                    {"what", reply.error->what},
                    {"tried", reply.error->tried},
                    {"remedy", reply.error->remedy}});
  if (verb != Verb::hello) return line_of({{"ok", true}});
  return line_of({{"ok", true},
                  {"protocol", kProtocol},
                  {"board", reply.board},
                  {"readable", reply.readable},
                  {"writable", reply.writable}});
}

Result<std::optional<std::string>> LineBuffer::next() {
  const std::size_t end = bytes_.find('\n');
  if (end > limit_ && bytes_.size() > limit_)  // npos, too
    return fail(ErrorKind::invalid, "a line is longer than " + std::to_string(limit_) + " bytes",
                {}, "read a line");
  if (end == std::string::npos) return std::optional<std::string>();
  std::string line = bytes_.substr(0, end);
  bytes_.erase(0, end + 1);
  return std::optional<std::string>(std::move(line));
}

bool protocol_holds(std::string_view line) {
  const auto request = parse_request(line);
  if (request) {
    std::string again = to_line(*request);
    if (again.empty() || again.find('\n') != again.size() - 1) return false;
    again.pop_back();
    const auto same = parse_request(again);
    if (!same || *same != *request) return false;
    if (request->path.find("..") != std::string::npos &&
        ("/" + request->path + "/").find("/../") != std::string::npos)
      return false;
    if (request->path.size() > kPathLimit || request->text.size() > kTextLimit + 1) return false;
  } else if (request.error().what.empty() || request.error().kind == ErrorKind::internal) {
    return false;
  }
  const auto reply = parse_reply(line);
  if (!reply) return !reply.error().what.empty();
  std::string again = to_line(*reply, reply->board.empty() ? Verb::bye : Verb::hello);
  return parse_reply(again.substr(0, again.size() - 1)).has_value();
}

}  // namespace isojoule::helper
