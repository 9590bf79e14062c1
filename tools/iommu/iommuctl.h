/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommuctl: what its commands share. Each command is a file of its own.
 */
#ifndef IOMMUCTL_H
#define IOMMUCTL_H

#include <stdbool.h>
#include <stdnoreturn.h>

#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Exit status. negotiate ends with one of enum iommu_policy, 0 to 2; all else is
 * either done or has failed
 */
#define IOMMUCTL_DONE 0
#define IOMMUCTL_FAILED 3

/* Commands: argv[0] is the name of the command; they return the exit status */
int iommuctl_list(int argc, char **argv);
int iommuctl_info(int argc, char **argv);
int iommuctl_negotiate(int argc, char **argv);

/* End with a message about how the program was called, and IOMMUCTL_FAILED */
noreturn void usage_error(const char *text, ...);

/* The same, if getopt_long() returned that for an option */
noreturn void option_error(int option, char **argv);

/* Tell about all options, successfully */
noreturn void show_help(void);

#endif
