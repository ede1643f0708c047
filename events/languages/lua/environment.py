"""What a script finds when it runs, in Lua: the libraries that are harmless, and the way in and out.

The chunk below runs in a fresh interpreter, takes what it needs into locals, removes what can reach files, processes,
byte code or the interpreter itself, and returns a function that runs one script. It is given the time of the event,
so that a script says the same whenever it is asked.
"""

SOURCE = r"""
local now, has_time, max_items, max_depth = ...
local loadstring, pcall, select, type, next, rawget = loadstring, pcall, select, type, next, rawget
local tostring, error, getmetatable = tostring, error, debug.getmetatable
local format, gsub, concat = string.format, string.gsub, table.concat
local floor, date = math.floor, os.date
if jit then jit.off() end

for _, name in next, {
  "io", "package", "require", "module", "debug", "jit", "ffi", "bit", "load", "loadfile", "loadstring", "dofile",
  "python", "newproxy", "getfenv", "setfenv", "gcinfo", "arg"
} do _G[name] = nil end
string.dump = nil
math.mod = math.fmod
math.huge = 1.7976931348623157e308
table.getn = function(t) return #t end
string.gfind = nil
math.randomseed(0)
print = function() end
collectgarbage = function() return 0 end

local function plain(number)
  if number ~= number then return "NaN" end
  if number == 1/0 then return "+Inf" elseif number == -1/0 then return "-Inf" end
  if number == floor(number) and number >= -2^63 and number < 2^63 then
    local text = format("%.0f", number)
    return text == "-0" and "0" or text
  end
  for digits = 13, 16 do
    local text = format("%." .. digits .. "e", number)
    if text + 0 == number then
      local mantissa, exponent = text:match("^(.-)0*e(.*)$")
      exponent = exponent + 0
      mantissa = mantissa:gsub("%.$", "")
      if exponent < -4 or exponent >= 6 then
        return format("%se%s%02d", mantissa, exponent < 0 and "-" or "+", exponent < 0 and -exponent or exponent)
      end
      return (format("%." .. (digits - exponent) .. "f", number):gsub("0+$", ""))
    end
  end
end
_G.tostring = function(...)
  if type((...)) == "number" then return plain((...)) end
  return tostring(...)
end

local function clock()
  if not has_time then error("os: the event has no time", 3) end
  return now
end
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end
os = {
  clock = function() return 0 end,
  difftime = function(a, b) return a - (b or 0) end,
  getenv = function() return nil end,
  time = function(t)
    if t == nil then return clock() end
    local function field(name, default)
      local value = tonumber(t[name] or default)
      if not value then error("field '" .. name .. "' missing in date table", 3) end
      return floor(value)
    end
    local month = field("month") - 1
    local year = field("year") + floor(month / 12)
    local seconds = field("hour", 12) * 3600 + field("min", 0) * 60 + field("sec", 0)
    return days(year, month % 12 + 1, field("day")) * 86400 + seconds
  end,
  date = function(form, at)
    form = form or "%c"
    if form:sub(1, 1) ~= "!" then form = "!" .. form end
    return date(form, at or clock())
  end,
}

local write
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\" }
local function text_of(text)
  return '"' .. gsub(text, '[%c"\\]', function(c)
    return escapes[c] or format("\\u%04x", c:byte())
  end) .. '"'
end
local function key_of(key)
  local kind = type(key)
  if kind == "string" then
    return key:byte(1) == 1 and '"\\u0001s' .. text_of(key):sub(2) or text_of(key)
  end
  if kind == "number" then return '"\\u0001n' .. format("%.17g", key) .. '"' end
  if kind == "boolean" then return '"' .. tostring(key) .. '"' end
  error("json: a " .. kind .. " cannot be a key", 0)
end
local function list(value, count, parts, depth)
  if count > max_items then error("the result has an array with more than " .. max_items .. " elements", 0) end
  parts[#parts + 1] = "["
  for place = 1, count do
    if place > 1 then parts[#parts + 1] = "," end
    write(rawget(value, place), parts, depth)
  end
  parts[#parts + 1] = "]"
end
function write(value, parts, depth)
  local kind = type(value)
  if kind == "nil" or kind == "boolean" then
    parts[#parts + 1] = tostring(value == nil and "null" or value)
  elseif kind == "number" then
    if value ~= value or value == 1/0 or value == -1/0 then
      error("json: unsupported value: " .. plain(value), 0)
    end
    parts[#parts + 1] = format("%.17g", value)
  elseif kind == "string" then
    parts[#parts + 1] = text_of(value)
  elseif kind ~= "table" then
    error("json: unsupported type: " .. kind, 0)
  else
    if depth > max_depth then error("the result is nested deeper than " .. max_depth .. " levels", 0) end
    local meta, largest = getmetatable(value), 0
    for key in next, value do
      if type(key) == "number" and key > largest and key < 67108864 and key == floor(key) then largest = key end
    end
    if (meta and rawget(meta, "__is_array") == true) or largest > 0 then
      return list(value, largest, parts, depth + 1)
    end
    local first = true
    parts[#parts + 1] = "{"
    for key, member in next, value do
      parts[#parts + 1] = (first and "" or ",") .. key_of(key) .. ":"
      first = false
      write(member, parts, depth + 1)
    end
    parts[#parts + 1] = "}"
  end
end

local function top(...)
  local count = select("#", ...)
  if count > 0 then return (select(count, ...)) end
end
local function message(problem)
  local kind = type(problem)
  if kind == "string" or kind == "number" then return tostring(problem) end
  return kind
end
return function(script, wants_table)
  local chunk, problem = loadstring(script, "=<string>")
  if not chunk then return "syntax", problem end
  if wants_table == nil then return "ok" end
  local ok, result = pcall(function() return top(chunk()) end)
  if not ok then return "run", message(result) end
  if not wants_table then return "ok", result == true end
  if type(result) ~= "table" then return "type", type(result) end
  local parts = {}
  ok, problem = pcall(write, result, parts, 1)
  if not ok then return "write", message(problem) end
  return "ok", concat(parts)
end
"""
