// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices can be given to /dev/iommu, what they can do, and how a virtual
 * machine monitor (VMM) can use them for a guest that has an IOMMU of its own.
 * iommuctl.8 describes it.
 *
 * This file chooses the command. Each command has a file of its own:
 *
 *   iommuctl-list.c       reads sysfs, and nothing else
 *   iommuctl-info.c       binds a device and asks it, as any user would
 *   iommuctl-negotiate.c  asks devices and lets iommu-policy.c decide
 *
 * What a command says goes to standard output when it is complete, messages go to
 * standard error.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"

static const char help[] =
"Usage: iommuctl list [--json]\n"
"       iommuctl info [--json] DEVICE\n"
"       iommuctl negotiate --format FORMAT [OPTION]... DEVICE...\n"
"\n"
"list       the devices that can be bound to /dev/iommu: who drives them, their\n"
"           group, their IOMMU, and the device file of those that VFIO has\n"
"info       what a device can do; binds it for a moment\n"
"negotiate  how the devices can be given to a guest that has an IOMMU of its own;\n"
"           binds them for a moment. Options:\n"
"  --format FORMAT   of the guest's tables: arm-smmuv3, vtd-s1, amd-guest, a number,\n"
"                    or map-unmap if its IOMMU has none\n"
"  --pgsize SIZE,... page sizes of the guest's tables, such as 4K,2M\n"
"  --iova RANGE      IOVAs that the guest can give to its devices, such as\n"
"                    0x0-0xffffffff or 0x100000000+4G; can be repeated\n"
"  --memory RANGE    memory of the guest, by its physical addresses; can be repeated\n"
"  --pasids BITS     PASIDs of the guest\n"
"  --coherent        refuse what could make DMA bypass the caches of the CPU, even if\n"
"                    the administrator accepts it\n"
"--json     for programs, of any command\n"
"--help     this text\n"
"\n"
"DEVICE is a PCI address (0000:00:04.0), the UUID of a mediated device, or a\n"
"directory of sysfs.\n"
"\n"
"Exit status of negotiate: 0 hardware nesting, 1 kernel-managed with software\n"
"shadowing, 2 refused. Of the others: 0. Of all, if they could not do their work: 3.\n";

/* A reader of what was not written, to a full disk for example, must not trust it */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	perror("iommuctl: standard output");
	return IOMMUCTL_FAILED;
}

void show_help(void)
{
	fputs(help, stdout);
	exit(finish(IOMMUCTL_DONE));
}

void usage_error(const char *text, ...)
{
	va_list args;

	fputs("iommuctl: ", stderr);
	va_start(args, text);
	vfprintf(stderr, text, args);
	va_end(args);
	fputs("; 'iommuctl --help' tells more\n", stderr);
	exit(IOMMUCTL_FAILED);
}

void option_error(int option, char **argv)
{
	usage_error("%s: %s \"%s\"", argv[0], option == ':' ?
		    "no value for option" : "wrong option", argv[optind - 1]);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", iommuctl_list },
	{ "info", iommuctl_info },
	{ "negotiate", iommuctl_negotiate },
};

int main(int argc, char **argv)
{
	opterr = 0;
	if (argc < 2)
		usage_error("no command");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		show_help();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return finish(commands[i].run(argc - 1, argv + 1));
	usage_error("unknown command \"%s\"", argv[1]);
}
