# SPDX-License-Identifier: BSD-2-Clause
# One set of compiler flags for the whole house.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_compile_definitions(_GNU_SOURCE MAILWEIR_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wpointer-arith
  -Wundef -fno-common -fstack-protector-strong)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -D_FORTIFY_SOURCE=2")
add_link_options(-Wl,-z,relro,-z,now)
if(DEV)
  set(CMAKE_C_FLAGS_RELEASE "-O1 -g")
  add_compile_options(-Werror -fsanitize=address,undefined
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TSAN)
  set(CMAKE_C_FLAGS_RELEASE "-O1 -g")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(FUZZ)
  # the libraries too, or the fuzzer sees nothing of the code it drives
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
