# SPDX-License-Identifier: GPL-2.0
# The user's door to scripts/: each target is one script, or two, and says what
# it does in the line that starts with its name and "##".  Nothing is built here.

BUILD ?= build
export LINUX ARCH CONFIG BUILD MACHINE ACCEL NO_INSTALL TESTS MACHINES CONFIG_FILE

.DEFAULT_GOAL := help
.PHONY: help setup tree patches series kernel deb run test bench shell check clean
.NOTPARALLEL:

help: ## this list
	@echo '/dev/iommu for the 6.1 long-term kernel'
	@echo
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
	@echo
	@echo 'Variables (VAR=value):'
	@echo '  LINUX     a 6.1.y kernel tree or tarball; default: the newest linux-source-6.1 of Debian'
	@echo '  ARCH      x86_64 (default) or arm64'
	@echo '  CONFIG    default, test or debug: the kernel configuration (configs/)'
	@echo '  MACHINE   the virtual machine of run, bench and shell (scripts/vm --list)'
	@echo '  MACHINES  the virtual machines of test; default: all'
	@echo '  TESTS     run only those test programs whose name matches this pattern'
	@echo '  ACCEL=kvm use hardware virtualization; default: emulation'
	@echo '  NO_INSTALL=1  install no Debian package, only say which are missing'

setup: ## install the Debian packages that anything below needs
	@scripts/setup

tree: ## assemble the kernel tree build/linux: base + patches/ + overlay
	@scripts/setup build
	@scripts/tree

patches: ## write the patch commits of build/linux back to patches/
	@scripts/patches

series: ## write patches and overlay to build/series/, for `git am` on a clean 6.1.y
	@scripts/setup build
	@scripts/tree >&2
	@scripts/series

kernel: ## build the kernel; the last line is the path of its image
	@scripts/setup build
	@scripts/tree >&2
	@scripts/kernel

deb: ## build Debian packages of the kernel (CONFIG_FILE=/boot/config-...)
	@scripts/setup build
	@scripts/tree >&2
	@scripts/deb

run: ## the main job, shown in a virtual machine: a device does DMA through /dev/iommu
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/run

test: ## run all tests, on every virtual machine
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/test

bench: ## compare map and unmap with VFIO type1, in guest instructions
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/bench

shell: ## a console in a virtual machine (CONFIG= and MACHINE= choose)
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/shell

check: ## static checks of our files: sparse, W=1, checkpatch, kernel-doc, the series
	@scripts/setup build check
	@scripts/tree >&2
	@scripts/check

clean: ## remove all that was built; downloads and the compiler cache stay
	rm -rf $(BUILD)/linux $(BUILD)/linux.new $(BUILD)/kernel-* $(BUILD)/headers-* \
		$(BUILD)/programs-* $(BUILD)/initramfs-* $(BUILD)/logs $(BUILD)/series $(BUILD)/check
