#include "simclient/ipxe_uri.h"

#include <algorithm>
#include <vector>

namespace pxeproof::rom {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
        hex_digit(text[at + 2]) >= 0) {
      result.push_back(static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2])));
      at += 2;
    } else {
      result.push_back(text[at]);
    }
  }
  return result;
}

// core/uri.c, resolve_path: "." and ".." go; ".." at the root stays at the root.
std::string resolved(std::string_view base, std::string_view relative) {
  if (relative.starts_with('/')) return std::string(relative);
  std::string whole(base.substr(0, base.rfind('/') + 1));
  whole += relative;
  const bool absolute = whole.starts_with('/');
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  if (absolute) rest.remove_prefix(1);
  bool directory = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    directory = end < rest.size();
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part == ".") {
      directory = true;
    } else if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      directory = true;
    } else if (directory || !part.empty()) {
      parts.push_back(part);
    }
  }
  std::string path = absolute ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    path += parts[i];
    if (i + 1 < parts.size() || directory) path += '/';
  }
  return path;
}

}  // namespace

IpxeUri parse_ipxe_uri(std::string_view text) {
  IpxeUri uri;
  // A colon makes what stands before it the scheme, whatever it is.
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (!text.starts_with('/')) {  // an opaque URI, such as iscsi:...
      uri.path = text;
      return uri;
    }
  }
  text = text.substr(0, text.find('#'));
  text = text.substr(0, text.find('?'));
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = std::min(text.find('/'), text.size());
    std::string_view host = text.substr(0, slash);
    if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) {
      host.remove_prefix(at + 1);
    }
    uri.host = host.substr(0, host.find(':'));
    text.remove_prefix(slash);
  }
  uri.path = decoded(text);
  return uri;
}

IpxeUri resolve_ipxe_uri(const IpxeUri& base, const IpxeUri& relative) {
  if (!relative.scheme.empty()) return relative;
  IpxeUri result = base;
  if (!relative.host.empty()) {
    result.host = relative.host;
    result.path = relative.path;
  } else {
    result.path = resolved(base.path, relative.path);
  }
  return result;
}

std::string ipxe_tftp_name(const IpxeUri& uri) {
  return uri.path.starts_with('/') ? uri.path.substr(1) : uri.path;
}

std::string to_string(const IpxeUri& uri) {
  std::string text;
  if (!uri.scheme.empty()) text += uri.scheme + ":";
  if (!uri.host.empty()) text += "//" + uri.host;
  return text + uri.path;
}

}  // namespace pxeproof::rom
