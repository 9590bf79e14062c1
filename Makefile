# SPDX-License-Identifier: GPL-2.0
# The user's door to scripts/: each target is one script, or two, and says what
# it does in the line that starts with its name and "##".  Nothing is built here.

BUILD ?= build
export LINUX ARCH CONFIG BUILD MACHINE MODE ACCEL NO_INSTALL TESTS MACHINES CONFIG_FILE

.DEFAULT_GOAL := help
.PHONY: help setup tree patches series kernel deb run test test-l2 qemu-l2 bench shell check clean
.NOTPARALLEL:

help: ## this list
	@echo '/dev/iommu for the 6.1 long-term kernel'
	@echo
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
	@echo
	@echo 'Variables (VAR=value):'
	@echo '  LINUX     a 6.1.y kernel tarball or tree (of a git tree, what is committed);'
	@echo '            default: the newest linux-source-6.1 of Debian'
	@echo '  ARCH      x86_64 (default) or arm64'
	@echo '  CONFIG    default, test, debug or shim: the kernel configuration (configs/)'
	@echo '  MACHINE   the virtual machine of run, qemu-l2, bench and shell (scripts/vm --list)'
	@echo '  MODE      how QEMU gets its devices in qemu-l2: legacy, shim or iommufd (default)'
	@echo '  MACHINES  the virtual machines of test; default: all'
	@echo '  TESTS     run only those test programs whose name matches this pattern'
	@echo '  PEER      a kernel image that bench puts beside this one (scripts/bench)'
	@echo '  BENCH_GIB memory of bench in GiB; with 8, mappings of 8 GiB are measured, too'
	@echo '  CONFIG_FILE  the kernel configuration that deb starts from; default: that of Debian'
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
	@scripts/setup build deb
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

test-l2: ## run an unmodified QEMU in virtual machines, in all of its modes
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/test l2

qemu-l2: ## the same in one mode, and all that it prints (MODE=legacy, shim or iommufd)
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/qemu-l2

bench: ## compare map and unmap with VFIO type1, or (arm64) nested with shadowed tables, in guest instructions
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/bench

shell: ## a console in a virtual machine (CONFIG= and MACHINE= choose)
	@scripts/setup build vm
	@scripts/tree >&2
	@scripts/shell

check: ## static checks of our files: sparse, W=1, checkpatch, kernel-doc, mandoc, the series
	@scripts/setup build check
	@scripts/tree >&2
	@scripts/check

clean: ## remove all that was built; downloads and the compiler cache stay
	rm -rf $(BUILD)/linux $(BUILD)/linux.new $(BUILD)/kernel-* $(BUILD)/headers-* \
		$(BUILD)/programs-* $(BUILD)/initramfs-* $(BUILD)/logs $(BUILD)/series $(BUILD)/check \
		$(BUILD)/deb $(BUILD)/patches.new
