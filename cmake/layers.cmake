# SPDX-License-Identifier: BSD-2-Clause
# The borders as link lines: a layer links what it says it NEEDS, no more.
# t/t0001-layers.sh holds the same table over the #include lines.

# add_layer(NAME SRC file... [NEEDS layer...] [PKG pkg-config-name...]
#           [LIBS linker-name...])
function(add_layer name)
  cmake_parse_arguments(L "" "" "SRC;NEEDS;PKG;LIBS" ${ARGN})
  add_library(${name} STATIC ${L_SRC})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/lib)
  foreach(pkg ${L_PKG})
    string(MAKE_C_IDENTIFIER PKG_${pkg} var)
    pkg_check_modules(${var} REQUIRED IMPORTED_TARGET GLOBAL ${pkg})
    target_link_libraries(${name} PRIVATE PkgConfig::${var})
  endforeach()
  target_link_libraries(${name} PUBLIC ${L_NEEDS} PRIVATE ${L_LIBS}
    PUBLIC Threads::Threads)
endfunction()

# add_policy(NAME SRC file... [NEEDS layer...]) - a milter's mind, a library
# that both its own program and mailweir-chain link
function(add_policy name)
  cmake_parse_arguments(P "" "" "SRC;NEEDS" ${ARGN})
  add_library(policy-${name} STATIC ${P_SRC})
  target_include_directories(policy-${name} PUBLIC
    ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR}/milters)
  target_link_libraries(policy-${name} PUBLIC frame ${P_NEEDS})
endfunction()

# add_milter(NAME) - the program mailweir-NAME: main.c over policy-NAME
function(add_milter name)
  cmake_parse_arguments(M "" "" "POLICIES" ${ARGN})
  if(NOT M_POLICIES)
    set(M_POLICIES policy-${name})
  endif()
  add_executable(mailweir-${name} main.c)
  target_link_libraries(mailweir-${name} PRIVATE ${M_POLICIES} frame-milter)
  install(TARGETS mailweir-${name} DESTINATION ${CMAKE_INSTALL_SBINDIR})
endfunction()

# add_tool(PROGRAM SRC file... [NEEDS target...] [PKG ...]) - one program
function(add_tool name)
  cmake_parse_arguments(T "SBIN" "" "SRC;NEEDS;PKG" ${ARGN})
  add_executable(${name} ${T_SRC})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/lib
    ${CMAKE_SOURCE_DIR}/milters ${CMAKE_SOURCE_DIR}/tools)
  foreach(pkg ${T_PKG})
    string(MAKE_C_IDENTIFIER PKG_${pkg} var)
    pkg_check_modules(${var} REQUIRED IMPORTED_TARGET GLOBAL ${pkg})
    target_link_libraries(${name} PRIVATE PkgConfig::${var})
  endforeach()
  target_link_libraries(${name} PRIVATE ${T_NEEDS})
  if(T_SBIN)
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_SBINDIR})
  else()
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# add_unit(NAME [SRC more...] NEEDS target...) - t/unit/test-NAME.c, a cmocka
# program in build/t/ that speaks TAP. Call it from the folder it tests.
function(add_unit name)
  cmake_parse_arguments(U "" "" "SRC;NEEDS" ${ARGN})
  pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET GLOBAL cmocka)
  if(NOT TARGET PkgConfig::CMOCKA)
    return()
  endif()
  add_executable(test-${name} ${CMAKE_SOURCE_DIR}/t/unit/test-${name}.c
    ${U_SRC})
  set_target_properties(test-${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/t)
  target_compile_definitions(test-${name} PRIVATE
    SRCDIR="${CMAKE_SOURCE_DIR}")
  target_include_directories(test-${name} PRIVATE ${CMAKE_SOURCE_DIR}/t/unit)
  target_link_libraries(test-${name} PRIVATE ${U_NEEDS} PkgConfig::CMOCKA)
endfunction()

# add_fuzz(NAME NEEDS target...) - t/fuzz/fuzz-NAME.c. With -DFUZZ=ON (clang)
# a libFuzzer program; else one that replays its corpus, so that the target is
# compiled and its past findings are run by every contrib/check.
function(add_fuzz name)
  cmake_parse_arguments(F "" "" "SRC;NEEDS" ${ARGN})
  set(src ${CMAKE_SOURCE_DIR}/t/fuzz/fuzz-${name}.c ${F_SRC})
  if(NOT FUZZ)
    list(APPEND src ${CMAKE_SOURCE_DIR}/t/fuzz/replay.c)
  endif()
  add_executable(fuzz-${name} ${src})
  set_target_properties(fuzz-${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(fuzz-${name} PRIVATE ${F_NEEDS})
  if(FUZZ)
    target_compile_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

# add_bench(NAME SRC... NEEDS target...) - build/bench/NAME, never installed
function(add_bench name)
  cmake_parse_arguments(B "" "" "SRC;NEEDS;LIBS" ${ARGN})
  add_executable(bench-${name} ${B_SRC})
  set_target_properties(bench-${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(bench-${name} PRIVATE ${B_NEEDS} ${B_LIBS})
endfunction()
