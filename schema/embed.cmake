# Builds files into the program: geleit_embed(<name> <file> …) makes a C++ source in which
# `std::span<const geleit::EmbeddedFile> geleit::<name>()` gives the files in this order, and puts its path
# into the variable <name>_source. This file is also the script that writes the source, so that it is written
# anew when one of the files changes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(GELEIT_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  # The source that one of the two below makes of `what`, for whoever calls that one.
  macro(geleit_embed_source name what depends comment)
    set(source ${CMAKE_BINARY_DIR}/schema/${name}.cc)
    add_custom_command(
      OUTPUT ${source}
      COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DSOURCE=${source} "${what}" -P ${GELEIT_EMBED_SCRIPT}
      DEPENDS ${depends} ${GELEIT_EMBED_SCRIPT}
      COMMENT "${comment}"
      VERBATIM)
    # Each calls what it holds alike.
    set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set(${name}_source ${source} PARENT_SCOPE)
  endmacro()
  function(geleit_embed name)
    list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE files)
    geleit_embed_source(${name} "-DFILES=${files}" "${files}" "Embedding ${ARGN}")
  endfunction()
  # geleit_embed_folder(<name> <folder> <stamp>): whatever lies below the folder once <stamp> has been made,
  # named by its path in it, in the order of the names. A folder that is not there holds nothing.
  function(geleit_embed_folder name folder stamp)
    geleit_embed_source(${name} "-DFOLDER=${folder}" "${stamp}" "Embedding ${folder}")
  endfunction()
  return()
endif()
if(FOLDER)
  file(GLOB_RECURSE FILES LIST_DIRECTORIES false ${FOLDER}/*)
endif()

set(arrays "")
set(entries "")
set(number 0)
foreach(path IN LISTS FILES)
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  if(FOLDER)
    file(RELATIVE_PATH file ${FOLDER} ${path})
  else()
    get_filename_component(file ${path} NAME)
  endif()
  string(APPEND arrays "constexpr char file_${number}[] = {${bytes}'\\0'};\n")
  string(APPEND entries "    {\"${file}\", {file_${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${SOURCE} "// Made by schema/embed.cmake.
#include <array>
#include <span>

#include \"schema/embedded.h\"

namespace geleit {
namespace {

${arrays}
constexpr std::array<EmbeddedFile, ${number}> files{{
${entries}}};

}  // namespace

std::span<const EmbeddedFile> ${NAME}();
std::span<const EmbeddedFile> ${NAME}() { return files; }

}  // namespace geleit
")
