// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail (nomem.h): maps of files, of registered memory and of
 * device memory.
 */
#include "nomem.h"

/* A file with holes only: what is mapped is allocated as well */
static int empty_file(struct scene *s)
{
	return fallocate(s->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 0, s->length) ? -errno : 0;
}

static int map_file(struct scene *s)
{
	return ioas_map_file(s->fd, s->ioas[0], s->file, 0, s->length,
			     IOVA + 2 * s->length);
}

static int prepare_file(struct scene *s)
{
	return empty_file(s) ?: prepare(s);
}

static int prepare_file_attached(struct scene *s)
{
	return empty_file(s) ?: prepare_attached(s);
}

static int prepare_file_mapped(struct scene *s)
{
	return prepare_file(s) ?: map_file(s);
}

static int prepare_file_filled(struct scene *s)
{
	return prepare_file_attached(s) ?: map_file(s);
}

/* Only files are mapped, and another process pays */
static int prepare_other_payer(struct scene *s)
{
	int rc = prepare_attached(s) ?: ioas_unmap_all(s->fd, s->ioas[0], NULL);
	int status;
	pid_t pid;

	if (rc)
		return rc;
	pid = fork();
	if (!pid)
		_exit(-map_file(s));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -ECHILD;
	return 0;
}

static int do_map_file(struct scene *s)
{
	return map_file(s);
}

static int do_unmap_file(struct scene *s)
{
	return ioas_unmap(s->fd, s->ioas[0], IOVA + 2 * s->length, s->length);
}

static int do_copy_file(struct scene *s)
{
	return ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->length, IOVA,
			       IOVA + 2 * s->length);
}

static int do_change_process(struct scene *s)
{
	return ioas_change_process(s->fd);
}

/* All memory, though only parts of it are mapped */
static int do_register(struct scene *s)
{
	return memory_register(s->fd, s->memory, s->length,
			       IOMMU_MEMORY_REGISTER_WRITEABLE, &s->memory_id);
}

static int prepare_registered(struct scene *s)
{
	return prepare_attached(s) ?: do_register(s);
}

static int prepare_registered_mapped(struct scene *s)
{
	return prepare(s) ?: ioas_unmap_all(s->fd, s->ioas[0], NULL) ?:
	       do_register(s) ?: do_map(s);
}

static int prepare_unused_registration(struct scene *s)
{
	return prepare(s) ?: do_register(s);
}

static int do_destroy_registration(struct scene *s)
{
	return iommu_destroy(s->fd, s->memory_id);
}

static int dmabuf(struct scene *s)
{
	s->dmabuf = mock_dmabuf(s->fd, s->length / 2, O_RDWR | O_CLOEXEC);
	return s->dmabuf < 0 ? s->dmabuf : 0;
}

static int prepare_device_memory(struct scene *s)
{
	return prepare_attached(s) ?: dmabuf(s);
}

static int do_map_device_memory(struct scene *s)
{
	return ioas_map_file(s->fd, s->ioas[0], s->dmabuf, 0, s->length / 2,
			     IOVA + 4 * s->length);
}

static int prepare_device_memory_mapped(struct scene *s)
{
	return prepare(s) ?: dmabuf(s) ?: do_map_device_memory(s);
}

static int prepare_device_memory_filled(struct scene *s)
{
	return prepare_device_memory(s) ?: do_map_device_memory(s);
}

static int do_revoke(struct scene *s)
{
	return mock_dmabuf_set_revoked(s->fd, s->dmabuf, true);
}

static int do_unmap_device_memory(struct scene *s)
{
	return ioas_unmap(s->fd, s->ioas[0], IOVA + 4 * s->length,
			  s->length / 2);
}

FIXTURE_VARIANT_ADD(nomem, map_file)
{
	.prepare = prepare_file_attached,
	.command = do_map_file,
};

FIXTURE_VARIANT_ADD(nomem, map_file_without_device)
{
	.prepare = prepare_file,
	.command = do_map_file,
};

FIXTURE_VARIANT_ADD(nomem, attach_with_file)
{
	.prepare = prepare_file_mapped,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, copy_of_file)
{
	.prepare = prepare_file_filled,
	.command = do_copy_file,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_file)
{
	.prepare = prepare_file_filled,
	.command = do_unmap_file,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, close_with_file)
{
	.prepare = prepare_file_filled,
	.command = do_close,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, change_process)
{
	.prepare = prepare_other_payer,
	.command = do_change_process,
};

FIXTURE_VARIANT_ADD(nomem, memory_register)
{
	.prepare = prepare,
	.command = do_register,
};

FIXTURE_VARIANT_ADD(nomem, map_of_registered_memory)
{
	.prepare = prepare_registered,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, attach_with_registered_memory)
{
	.prepare = prepare_registered_mapped,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, end_of_registration)
{
	.prepare = prepare_unused_registration,
	.command = do_destroy_registration,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, close_with_registered_memory)
{
	.prepare = prepare_registered_mapped,
	.command = do_close,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, map_of_device_memory)
{
	.prepare = prepare_device_memory,
	.command = do_map_device_memory,
};

FIXTURE_VARIANT_ADD(nomem, attach_with_device_memory)
{
	.prepare = prepare_device_memory_mapped,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, revoke_of_device_memory)
{
	.prepare = prepare_device_memory_filled,
	.command = do_revoke,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_device_memory)
{
	.prepare = prepare_device_memory_filled,
	.command = do_unmap_device_memory,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, close_with_device_memory)
{
	.prepare = prepare_device_memory_filled,
	.command = do_close,
	.never_fails = true,
};

TEST_HARNESS_MAIN
