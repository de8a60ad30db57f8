#include "picture/canvas.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "whycam/errors.h"

namespace whycam::picture {
namespace {

/// How many bytes the first character of a text has; 0 where it is no UTF-8, or not allowed in XML.
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC0 || first >= 0xF8 || text.size() < length) return 0;
  std::uint32_t code = first & (0x7FU >> length);
  for (const char letter : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte & 0x3FU);
  }
  constexpr std::uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF, allowed = code != 0xFFFE && code != 0xFFFF;
  return code >= smallest[length] && code <= 0x10FFFF && !surrogate && allowed ? length : 0;
}

/// The characters of a text, each as it stands in XML.
std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string character = length > 0 ? std::string(text.substr(0, length)) : "\xEF\xBF\xBD";
    characters.push_back(character == "&"    ? "&amp;"
                         : character == "<"  ? "&lt;"
                         : character == ">"  ? "&gt;"
                         : character == "\"" ? "&quot;"
                                             : character);
    text.remove_prefix(length > 0 ? length : 1);
  }
  return characters;
}

/// Chinese, Japanese and Korean characters, and pictures, are square.
double width_of(const std::string& character) {
  return (static_cast<unsigned char>(character[0]) >= 0xE3 ? 1.0 : 0.6) * Canvas::text_size;
}

/// An attribute of an element, with a blank before it.
std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + number_text(value) + '"';
}
std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + value + '"';
}

}  // namespace

std::string number_text(double value, int digits) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr};
}

std::string colour_text(const Rgb& colour) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t level : colour) text += {digits[level >> 4], digits[level & 15]};
  return text;
}

double text_width(const std::string& text) {
  double width = 0;
  for (const std::string& character : characters_of(text)) width += width_of(character);
  return width;
}

Canvas::Canvas(int width, int height) : svg_{width, height, {}} {
  const std::string size = attribute("width", width) + attribute("height", height);
  svg_.text = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + size + " viewBox=\"0 0 " + std::to_string(width) + ' ' +
              std::to_string(height) + "\" font-family=\"sans-serif\"" + attribute("font-size", text_size) +
              " fill=\"#282828\">\n<rect" + size + " fill=\"#fff\"/>\n";
}

void Canvas::text(double x, double y, const std::string& text, const char* where, double width) {
  const bool cut = text_width(text) > width;
  double left = width - (cut ? width_of(".") : 0);
  std::string shown;
  for (const std::string& character : characters_of(text)) {
    if ((left -= width_of(character)) < 0) break;
    shown += character;
  }
  svg_.text += "<text" + attribute("x", x) + attribute("y", y) + attribute("text-anchor", where) + '>' + shown +
               (cut ? "…" : "") + "</text>\n";
}

void Canvas::line(double x, double y, double to_x, double to_y, const std::string& colour) {
  svg_.text += "<line" + attribute("x1", x) + attribute("y1", y) + attribute("x2", to_x) + attribute("y2", to_y) +
               attribute("stroke", colour) + "/>\n";
}

void Canvas::path(const std::string& points, const std::string& colour, bool dashed) {
  svg_.text += "<path" + attribute("d", points) + attribute("stroke", colour) +
               (dashed ? " stroke-dasharray=\"6\"" : "") +
               " fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\"/>\n";
}

void Canvas::dot(double x, double y, const std::string& colour) {
  svg_.text += "<circle" + attribute("cx", x) + attribute("cy", y) + " r=\"2.5\"" + attribute("fill", colour) + "/>\n";
}

void Canvas::picture(int x, int y, const Image& image) {
  svg_.text += "<image" + attribute("x", x) + attribute("y", y) + attribute("width", image.width) +
               attribute("height", image.height) + attribute("href", data_address(encode_png(image))) + "/>\n";
}

Svg Canvas::finish() && {
  svg_.text += "</svg>\n";
  return std::move(svg_);
}

void write_image(const std::filesystem::path& path, const Svg& drawing) {
  if (path.extension() != ".svg")
    throw InputError("a drawing is written as .svg, not as \"" + path.filename().string() + "\"");
  write_file(path, {drawing.text.begin(), drawing.text.end()});
}

std::string data_address(const Bytes& picture) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = picture.empty() || picture[0] != 0xFF ? "data:image/png;base64," : "data:image/jpeg;base64,";
  text.reserve(text.size() + (picture.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < picture.size(); i += 3) {
    const std::size_t there = std::min<std::size_t>(3, picture.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < there ? picture[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= there ? letters[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace whycam::picture
