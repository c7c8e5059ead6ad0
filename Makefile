# 湘野 Xiangye. `make help` lists what there is; every target may be repeated.
# Only git, make and python3 (3.11–3.13) are needed beforehand, on Debian 12+ or Ubuntu 24.04+.
SHELL := /bin/sh
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= $(CURDIR)/.venv
VAR := $(abspath $(or $(XIANGYE_VAR),var))
XIANGYE := "$(VENV)/bin/xiangye"
RUN := "$(PYTHON)" .make/run.py

# The texts are Chinese whatever the locale; Kivy neither reads our arguments nor writes into the home folder.
export PYTHONUTF8 := 1
export KIVY_NO_ARGS := 1
export KIVY_NO_CONSOLELOG := 1
export KIVY_HOME := $(VAR)/kivy
export MPLCONFIGDIR := $(VAR)/matplotlib
# Given on the command line of make: SERVE=0 (do not leave the server running), IMPORT=FILE (import it as well).
export SERVE IMPORT

.PHONY: help demo demo-stop clean-demo test attack openapi orders tuspy model soak bench serve field screenshots check check-style check-types check-imports check-copies check-house lock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: ## 从零开始走一遍主流程 the main job from nothing; SERVE=0 leaves no server, IMPORT=FILE imports a file too
	@set --; case "$$SERVE" in 0|no|false) set -- --no-serve;; esac; \
	if [ -n "$$IMPORT" ]; then set -- "$$@" --import "$$IMPORT"; fi; \
	$(RUN) demo base --fonts -- $(XIANGYE) demo "$$@"

demo-stop: ## 停止演示的服务器与数据库 stop the demo's server and database
	@if [ -x $(XIANGYE) ]; then $(XIANGYE) demo --stop; else echo "没有正在运行的演示 (nothing runs)"; fi

clean-demo: ## 停止并删除演示的全部产物 stop it and delete what it made
	@if [ -x $(XIANGYE) ]; then $(XIANGYE) demo --clean; else echo "没有演示产物 (nothing to delete)"; fi

serve: ## 启动服务器 the server, until Ctrl-C
	@$(RUN) serve base --fonts --let-go -- $(XIANGYE) serve

field: ## 在窗口中打开野外应用 the field app in a window
	@$(RUN) field window --fonts --let-go -- $(XIANGYE) field

screenshots: ## 画出野外应用的每个画面 draw every screen of the field app into var/screenshots
	@$(RUN) screenshots window --fonts -- "$(VENV)/bin/python" -m mobile.ui.screenshots "$(VAR)/screenshots"

test: ## 全部测试 all tests, from nothing
	@$(RUN) test test --fonts -- "$(VENV)/bin/pytest" -n 2 --dist loadgroup -q

attack: ## 攻击者以 5000 次请求找敏感位置 5,000 requests in search of guarded places
	@$(RUN) attack test -- env XIANGYE_REQUESTS=$(or $(REQUESTS),5000) "$(VENV)/bin/pytest" -n 0 -q -s tests/attack

# EXAMPLES=n for so many requests a route and phase.
openapi: ## 按接口说明生成大量请求，三种身份 many generated requests over the whole interface
	@$(RUN) openapi test -- env XIANGYE_EXAMPLES=$(or $(EXAMPLES),50) "$(VENV)/bin/pytest" -n 0 -q tests/openapi

# N=orders SEED=n
orders: ## 随机到达次序，须归于同一状态 random orders of arrival that must end in one state
	@$(RUN) orders test -- env XIANGYE_PERMUTATIONS=$(or $(N),5000) XIANGYE_SEED=$(or $(SEED),1) "$(VENV)/bin/pytest" -n 0 -q -s tests/sync/test_arrival_orders.py -k random

# N=files SEED=n
tuspy: ## 独立的 tus 客户端经会断的线路上传 an independent tus client over a line that cuts three of ten requests
	@$(RUN) tuspy test -- env XIANGYE_TUSPY=$(or $(N),200) XIANGYE_SEED=$(or $(SEED),20261127) "$(VENV)/bin/pytest" -n 0 -q -s tests/media/test_tuspy.py

model: ## 同步协议的模型：全部状态、变异、1000 条轨迹 the model of sync, explored wholly; mutants; 1,000 traces
	@$(RUN) model model -- "$(VENV)/bin/python" -m tests.model

# PART=sessions|tablets|workers|database|failpoints: sessions over a bad line, or kills of one kind. Ended before, it goes on where it stood.
soak: ## 同步的长时故障测试：SESSIONS=n SEED=n，PART= 换成各种强制终止 sessions over a bad line, or thousands of kills
	@$(RUN) soak test -- "$(VENV)/bin/python" -m tests.faults $(or $(PART),sessions) $(or $(SESSIONS),$(COUNT),10000) --seed $(or $(SEED),1) --folder "$(VAR)/soak"

# NAMES="stamping search" for some of them.
bench: ## 速度与体积，逐项与目标对照 every figure of speed and size beside its goal
	@$(RUN) bench test -- "$(VENV)/bin/python" -m tests.benchmarks $(NAMES)

check: ## 风格、类型、依赖方向、重复与尺寸 style, types, who imports whom, copies, sizes
	@$(RUN) check test -- $(MAKE) -k --no-print-directory check-style check-types check-imports check-copies check-house

check-style:
	"$(VENV)/bin/ruff" check

check-types:
	"$(VENV)/bin/mypy"
	"$(VENV)/bin/mypy" .make/*.py

check-imports:
	"$(VENV)/bin/lint-imports" --no-cache

COPIES ?= server mobile shared
check-copies:
	"$(VENV)/bin/pylint" --disable=all --enable=duplicate-code $(COPIES)

check-house:
	"$(VENV)/bin/pytest" -q tests/house -m "not thorough"

# One universal lock of everything; the smaller ones are parts of it. Needs `make test` (for uv) and the network.
UV := "$(VENV)/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

lock: ## 重新锁定依赖版本 pin the packages again after pyproject.toml changed
	$(UV) --all-extras pyproject.toml -o requirements-dev.txt
	$(UV) --extra server --extra reports --extra build -c requirements-dev.txt pyproject.toml -o requirements-server.txt
	$(UV) --extra mobile --extra build -c requirements-dev.txt pyproject.toml -o requirements-mobile.txt
