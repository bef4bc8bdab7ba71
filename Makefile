# Makefile -- the front door, and the build.
#
# `make` installs missing packages and builds build/skein; `make help` lists the rest.
# Each variant (SAN=address, SAN=thread, SAN=fuzzer, SAN=valgrind) has its own folder below
# build/, so variants do not disturb each other; BUILD=folder chooses another one. A change of
# compiler or flags rebuilds what depends on them.

# ---- What may be set from outside ------------------------------------------------------------

ifeq ($(origin CC),default)
CC = gcc
endif
IS_CLANG := $(findstring clang,$(notdir $(firstword $(CC))))
MALLOC ?= mimalloc
LUA_DIR ?=
# Calls between our files cost a tenth of a message; sanitizer builds go without.
LTO ?= $(if $(SAN),,1)
# The figures of a short run steer the compiler: a fifth less time for a call. See
# docs/decisions/profile.md. TRAIN builds the program that takes them.
PROFILE ?= $(if $(SAN)$(IS_CLANG)$(TRAIN),,1)
TRAIN ?=
WERROR ?=
SAN ?=
FUZZ_TIME ?= 60
PREFIX ?= /usr/local
DESTDIR ?=
TESTS ?=
CFLAGS ?= -O3 -g

# ---- Variants --------------------------------------------------------------------------------

BUILD_address := build/asan
BUILD_thread := build/tsan
BUILD_fuzzer := build/fuzz
BUILD_valgrind := build/valgrind
SAN_FLAGS_address := -fsanitize=address,undefined -fno-sanitize-recover=all
SAN_FLAGS_thread := -fsanitize=thread
SAN_FLAGS_fuzzer := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SAN_FLAGS_valgrind :=

ifneq ($(SAN),)
ifeq ($(BUILD_$(SAN)),)
$(error SAN is address, thread, fuzzer or valgrind, not "$(SAN)")
endif
BUILD ?= $(BUILD_$(SAN))
# The checkers bring an allocator of their own.
override MALLOC := libc
endif
BUILD ?= build
# SK_CHECKED: every block is the checker's to watch (src/lua/arena.h).
SAN_FLAGS := $(SAN_FLAGS_$(SAN)) $(if $(SAN),-DSK_CHECKED=1)

ifeq ($(SAN)$(IS_CLANG),thread)
# gcc does not model fences under this checker and says so for each; the order is tested apart.
SAN_FLAGS += -Wno-tsan
endif

MALLOC_LIBS_mimalloc := -Wl,--no-as-needed -lmimalloc -Wl,--as-needed
MALLOC_LIBS_jemalloc := -Wl,--no-as-needed -ljemalloc -Wl,--as-needed
MALLOC_LIBS_libc :=
ifeq ($(filter $(MALLOC),mimalloc jemalloc libc),)
$(error MALLOC is mimalloc, jemalloc or libc, not "$(MALLOC)")
endif

AR := ar
ifneq ($(LTO),)
ifneq ($(IS_CLANG),)
LTO_FLAGS := -flto=thin
AR := llvm-ar
else
# Inlined across files, frees of header structs inside blocks look wrong to the checker.
LTO_FLAGS := -flto=auto -ffat-lto-objects -Wno-free-nonheap-object
AR := gcc-ar
endif
endif

PROFILE_DIR := $(BUILD)/profile
PROFILE_DONE := $(if $(PROFILE),$(PROFILE_DIR)/done)
# Code that has no figures, or has changed since they were taken, goes without.
PROFILE_FLAGS := $(if $(PROFILE),-fprofile-use -fprofile-partial-training \
                 -Wno-missing-profile -Wno-coverage-mismatch)
# Figures belong to a name, which must be that of the training.
FIGURES ?= $(PROFILE_DIR)/figures
FIGURES_FLAGS = $(if $(PROFILE)$(TRAIN),-dumpdir $(FIGURES)/$(<D)/ -dumpbase $(<F) \
                -dumpbase-ext .c)
ifneq ($(TRAIN),)
TRAIN_FLAGS := -fprofile-generate -fprofile-update=atomic
endif

# ---- Parallel by default ---------------------------------------------------------------------

ifeq ($(MAKELEVEL),0)
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- Packages, and where Lua is --------------------------------------------------------------

# deps.mk is made before anything else: it installs what is missing and notes where things are.
DEPS_MK := $(BUILD)/deps.mk
NO_DEPS_GOALS := help clean deps format tidy uninstall
GOALS := $(or $(MAKECMDGOALS),all)

$(DEPS_MK): tools/deps.sh
	@mkdir -p $(@D)
	@tools/deps.sh build $(filter jemalloc,$(MALLOC))
	@{ echo "PKG_LUA_CFLAGS := $$(pkg-config --cflags-only-I lua5.4 2>/dev/null)"; \
	   echo "PKG_LUA_LIBDIR := $$(pkg-config --variable=libdir lua5.4 2>/dev/null)"; \
	 } > $@

ifneq ($(filter-out $(NO_DEPS_GOALS),$(GOALS)),)
include $(DEPS_MK)
endif

ifneq ($(LUA_DIR),)
LUA_INC := $(firstword $(wildcard $(LUA_DIR)/lua.h $(LUA_DIR)/src/lua.h $(LUA_DIR)/include/lua.h))
LUA_CFLAGS := -isystem $(patsubst %/,%,$(dir $(LUA_INC)))
LUA_A := $(firstword $(wildcard $(LUA_DIR)/liblua.a $(LUA_DIR)/src/liblua.a \
                                $(LUA_DIR)/lib/liblua.a $(LUA_DIR)/liblua5.4.a))
ifeq ($(and $(LUA_INC),$(LUA_A)),)
$(error no lua.h or no liblua.a in LUA_DIR=$(LUA_DIR))
endif
else
LUA_CFLAGS := $(patsubst -I%,-isystem %,$(PKG_LUA_CFLAGS))
LUA_A := $(PKG_LUA_LIBDIR)/liblua5.4.a
endif

# ---- Files -----------------------------------------------------------------------------------

MAIN_SRC := $(wildcard src/cli/main.c)
LIB_SRCS := $(filter-out src/cli/main.c,$(sort $(wildcard src/*/*.c src/*/*/*.c)))
SUPPORT_SRCS := $(wildcard tests/support/*.c)
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c tests/sim/test_*.c tests/limit/test_*.c))
STRESS_SRCS := $(sort $(wildcard tests/stress/*.c))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
MODULE_SRCS := $(sort $(wildcard tests/modules/*.c))
EXAMPLE_SRCS := $(sort $(wildcard examples/*/*.c))
LUA_FILES := $(shell find lualib services -name '*.lua' -not -path 'lualib/meta/*' 2>/dev/null \
                     | LC_ALL=C sort)

OBJ := $(BUILD)/obj
LIB := $(BUILD)/libskein.a
GEN_OBJ := $(OBJ)/gen/embedded.o
LIB_OBJS := $(LIB_SRCS:%.c=$(OBJ)/%.o) $(GEN_OBJ)
MAIN_OBJ := $(MAIN_SRC:%.c=$(OBJ)/%.o)
SUPPORT_OBJS := $(SUPPORT_SRCS:%.c=$(OBJ)/%.o)
# With TESTS only the programs whose path holds one of the words are built.
selected = $(if $(TESTS),$(foreach s,$(1),$(if $(strip \
             $(foreach word,$(TESTS),$(findstring $(word),$(s)))),$(s))),$(1))
UNIT_BINS := $(patsubst %.c,$(BUILD)/%,$(call selected,$(UNIT_SRCS)))
STRESS_BINS := $(patsubst %.c,$(BUILD)/%,$(call selected,$(STRESS_SRCS)))
FUZZ_BINS := $(patsubst %.c,$(BUILD)/%,$(call selected,$(FUZZ_SRCS)))
MODULE_SOS := $(MODULE_SRCS:%.c=$(BUILD)/%.so)
EXAMPLE_SOS := $(foreach s,$(EXAMPLE_SRCS),$(BUILD)/examples/$(notdir $(s:.c=.so)))
SKEIN := $(if $(MAIN_SRC),$(BUILD)/skein)

# ---- Flags -----------------------------------------------------------------------------------

WARN_FLAGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
              $(if $(WERROR),-Werror)
BASE_FLAGS := -std=gnu17 -D_GNU_SOURCE -fvisibility=hidden -fno-omit-frame-pointer -pthread
ALL_CFLAGS = $(BASE_FLAGS) $(CFLAGS) $(WARN_FLAGS) -Isrc -Iinclude $(LUA_CFLAGS) \
             $(SAN_FLAGS) $(LTO_FLAGS) $(TRAIN_FLAGS)
ALL_LDFLAGS = $(CFLAGS) $(SAN_FLAGS) $(LTO_FLAGS) $(TRAIN_FLAGS) $(PROFILE_FLAGS) $(LDFLAGS) \
              -pthread -rdynamic
# The allocator stands first: so it is the malloc of the whole process.
MALLOC_LIBS := $(MALLOC_LIBS_$(MALLOC))
SYS_LIBS := -ldl -lm -lpthread
# What a variant needs besides (see there).
SAN_OBJS := $(if $(filter thread,$(SAN)),$(OBJ)/tools/tsan_longjmp.o)
# Whole, so that a C module finds every lua_* function in the executable.
LUA_WHOLE = -Wl,--whole-archive $(LUA_A) -Wl,--no-whole-archive

# ---- What people call ------------------------------------------------------------------------

.PHONY: all help run test unit stress lua-test e2e tidy asan tsan fuzz valgrind bench \
        install uninstall clean format deps deps-test test-programs fuzz-programs check \
        profile FORCE

all: $(EXAMPLE_SOS)
all: $(LIB) $(SKEIN) ## build build/skein (the default); installs missing packages first

help: ## this list
	@echo 'make TARGET [VARIABLE=value ...]'
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	 while IFS='|' read -r name text; do printf '  %-10s %s\n' $$name "$$text"; done
	@echo 'variables: CC, CFLAGS, MALLOC=mimalloc|jemalloc|libc, LUA_DIR=folder, LTO=1, PROFILE=,'
	@echo '  WERROR=1, SAN=address|thread|valgrind, BUILD=folder, TESTS="name ...", FUZZ_TIME=seconds,'
	@echo '  PREFIX, DESTDIR'

run: all ## start the example game server
	$(BUILD)/skein examples/chat/config

test: deps-test all test-programs ## run every test (TESTS="words" selects by name)
	@if $(FUZZ_WORKS); then $(MAKE) SAN=fuzzer BUILD=build/fuzz CC=clang fuzz-programs; fi
	@tests/run -b $(BUILD) $(TESTS)

unit: deps-test $(UNIT_BINS) ## the unit tests of the C layers
	@tests/run -b $(BUILD) -k unit $(TESTS)

stress: deps-test $(STRESS_BINS) ## the stress programs, few rounds
	@tests/run -b $(BUILD) -k stress $(TESTS)

lua-test: deps-test all $(MODULE_SOS) ## the tests that run inside the runtime
	@tests/run -b $(BUILD) -k lua $(TESTS)

e2e: deps-test all $(MODULE_SOS) ## the end-to-end tests
	@tests/run -b $(BUILD) -k e2e $(TESTS)

tidy: ## the checks of style and include direction
	@tests/run -b $(BUILD) -k tidy $(TESTS)

asan: deps-test ## the whole suite under the address and undefined-behaviour checkers
	@$(MAKE) SAN=address BUILD=build/asan KINDS='unit stress lua e2e' check

tsan: deps-test ## unit and stress tests (actor, io) under the thread checker
	@$(MAKE) SAN=thread BUILD=build/tsan KINDS='unit stress' check

valgrind: deps-test ## unit and Lua tests under Valgrind
	@tools/deps.sh valgrind
	@$(MAKE) SAN=valgrind BUILD=build/valgrind KINDS='unit lua' check

fuzz: deps-test ## each fuzz target for FUZZ_TIME seconds
	@$(MAKE) SAN=fuzzer BUILD=build/fuzz CC=clang fuzz-programs
	@tests/run -b $(BUILD) -k fuzz --fuzz-time $(FUZZ_TIME) $(TESTS)

bench: all ## the benchmarks
	bench/run

profile: ## take the compiler's profile anew, after larger changes, and build with it
	rm -rf $(PROFILE_DIR)
	@$(MAKE) $(PROFILE_DIR)/done
	@$(MAKE) all

install: all ## copy to PREFIX (default /usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/skein
	install -m 755 $(BUILD)/skein $(DESTDIR)$(PREFIX)/bin/skein
	for f in $(wildcard include/*.h); do \
	  install -m 644 $$f $(DESTDIR)$(PREFIX)/include/skein/ || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/skein/meta $(DESTDIR)$(PREFIX)/share/doc/skein
	for f in $(wildcard lualib/meta/*.lua); do \
	  install -m 644 $$f $(DESTDIR)$(PREFIX)/share/skein/meta/ || exit 1; done
	for f in $(wildcard README.md CHANGELOG.md LICENSE); do \
	  install -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/skein/ || exit 1; done

uninstall: ## remove what install copied
	rm -f $(DESTDIR)$(PREFIX)/bin/skein
	rm -rf $(DESTDIR)$(PREFIX)/include/skein $(DESTDIR)$(PREFIX)/share/skein \
	       $(DESTDIR)$(PREFIX)/share/doc/skein

clean: ## remove build/
	rm -rf build

format: ## format the C files with clang-format
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

deps: ## install the packages for building and testing
	@tools/deps.sh build
	@tools/deps.sh test

# ---- Tests -----------------------------------------------------------------------------------

# The fuzz targets need clang with its runtime; the driver reports them as skipped without.
FUZZ_WORKS = echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' | \
             clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null

# A package that only tests need may be missing: what needs it is then skipped, and says so.
deps-test:
	@tools/deps.sh test

test-programs: $(UNIT_BINS) $(STRESS_BINS) $(MODULE_SOS)
fuzz-programs: $(FUZZ_BINS)

# One variant: builds it and runs the kinds of test in KINDS.
KINDS ?= unit stress lua e2e
check: all test-programs
	@tests/run -b $(BUILD) --variant '$(SAN)' $(foreach k,$(KINDS),-k $(k)) $(TESTS)

# ---- Rules -----------------------------------------------------------------------------------

# A stamp holds the command of a step; it changes only when the command does.
define stamp_rule
$$(BUILD)/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$($(2))' | cmp -s - $$@ || printf '%s\n' '$$($(2))' > $$@
endef
CC_STAMP = $(CC) $(ALL_CFLAGS) $(PROFILE_FLAGS)
LD_STAMP = $(CC) $(ALL_LDFLAGS) $(MALLOC_LIBS) $(LUA_A)
LIB_STAMP = $(LIB_OBJS)
GEN_STAMP = $(LUA_A) $(LUA_FILES)
$(eval $(call stamp_rule,cc.stamp,CC_STAMP))
$(eval $(call stamp_rule,ld.stamp,LD_STAMP))
$(eval $(call stamp_rule,lib.stamp,LIB_STAMP))
$(eval $(call stamp_rule,gen.stamp,GEN_STAMP))
FORCE:

$(OBJ)/src/%.o: src/%.c $(BUILD)/cc.stamp $(PROFILE_DONE)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) $(PROFILE_FLAGS) $(FIGURES_FLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

# Building goes on without a profile if the training fails; what it said stays in its log. gcc warns
# of functions that have changed since, so a strict build trains after each change.
$(PROFILE_DIR)/done: $(if $(WERROR),$(LIB_SRCS) $(MAIN_SRC) $(wildcard src/*/*.h))
	@echo "  PROFILE  builds a program for training, and trains it"
	@$(MAKE) BUILD=$(PROFILE_DIR) FIGURES=$(FIGURES) TRAIN=1 $(PROFILE_DIR)/skein
	@timeout 300 $(PROFILE_DIR)/skein tools/profile/train.config > $(PROFILE_DIR)/train.log 2>&1 \
	  || echo "the training failed, see $(PROFILE_DIR)/train.log; the program will be slower"
	@touch $@

$(OBJ)/tests/%.o: tests/%.c $(BUILD)/cc.stamp
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c -o $@ $<

$(GEN_OBJ): $(BUILD)/gen/embedded.c $(BUILD)/cc.stamp
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# No checker's flags: it is part of the checker, as it were.
$(OBJ)/tools/%.o: tools/%.c $(BUILD)/cc.stamp
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) $(CFLAGS) $(WARN_FLAGS) -U_FORTIFY_SOURCE -c -o $@ $<

# The tool runs on the machine that builds: no checkers, no other allocator.
$(BUILD)/embed: tools/embed.c $(BUILD)/cc.stamp
	@mkdir -p $(@D)
	@$(CC) $(BASE_FLAGS) -O1 $(WARN_FLAGS) $(LUA_CFLAGS) -o $@ $< $(LUA_A) $(SYS_LIBS)

$(BUILD)/gen/embedded.c: $(BUILD)/embed $(LUA_FILES) $(BUILD)/gen.stamp
	@mkdir -p $(@D)
	@echo "  EMBED $(words $(LUA_FILES)) Lua files"
	@$(BUILD)/embed $@ $(LUA_FILES)

$(LIB): $(LIB_OBJS) $(BUILD)/lib.stamp
	@rm -f $@
	@$(AR) rcs $@ $(LIB_OBJS)

# The objects themselves, not the archive: nothing that is exported may be left out.
$(BUILD)/skein: $(MAIN_OBJ) $(LIB_OBJS) $(SAN_OBJS) $(BUILD)/ld.stamp $(BUILD)/lib.stamp
	@echo "  LINK  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(MALLOC_LIBS) $(MAIN_OBJ) $(LIB_OBJS) $(SAN_OBJS) \
	  $(LUA_WHOLE) $(SYS_LIBS)

$(BUILD)/libsupport.a: $(SUPPORT_OBJS)
	@rm -f $@
	@$(AR) rcs $@ $(SUPPORT_OBJS)

TEST_LIBS = $(SAN_OBJS) $(BUILD)/libsupport.a $(LIB) $(LUA_A)
TEST_NEEDS = $(SAN_OBJS) $(BUILD)/libsupport.a $(LIB) $(BUILD)/ld.stamp

define test_program_rule
$$(BUILD)/tests/$(1)/%: $$(OBJ)/tests/$(1)/%.o $$(TEST_NEEDS)
	@mkdir -p $$(@D)
	@$$(CC) $$(ALL_LDFLAGS) $(2) -o $$@ $$(MALLOC_LIBS) $$< $$(TEST_LIBS) $$(SYS_LIBS) $(3)
endef
$(eval $(call test_program_rule,unit,,-lcmocka))
$(eval $(call test_program_rule,sim,,-lcmocka))
$(eval $(call test_program_rule,limit,,-lcmocka))
$(eval $(call test_program_rule,stress,,))
$(eval $(call test_program_rule,fuzz,-fsanitize=fuzzer,))

# C modules and native services that tests load into the executable.
$(BUILD)/tests/modules/%.so: tests/modules/%.c $(BUILD)/cc.stamp
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -fvisibility=default -Wno-missing-prototypes -fPIC -shared \
	  -MMD -MP -MF $(BUILD)/tests/modules/$*.d -o $@ $<

# What examples have in C. They see the public headers alone.
define example_rule
$$(BUILD)/examples/$$(notdir $(1:.c=.so)): $(1) $$(BUILD)/cc.stamp
	@mkdir -p $$(@D)
	@echo "  CC    $$<"
	@$$(CC) $$(BASE_FLAGS) $$(CFLAGS) $$(WARN_FLAGS) -Iinclude $$(LUA_CFLAGS) $$(SAN_FLAGS) \
	  -fPIC -shared -MMD -MP -MF $$(@:.so=.d) -o $$@ $$<
endef
$(foreach s,$(EXAMPLE_SRCS),$(eval $(call example_rule,$(s))))

# Keep the objects of test programs: they are not intermediate files to be thrown away.
.SECONDARY:

-include $(LIB_OBJS:.o=.d) $(MAIN_OBJ:.o=.d) $(SUPPORT_OBJS:.o=.d) \
         $(UNIT_SRCS:%.c=$(OBJ)/%.d) $(STRESS_SRCS:%.c=$(OBJ)/%.d) $(FUZZ_SRCS:%.c=$(OBJ)/%.d) \
         $(MODULE_SOS:.so=.d) $(EXAMPLE_SOS:.so=.d)
