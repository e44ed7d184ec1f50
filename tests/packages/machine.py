"""A Debian of its own in a folder, with systemd as its first process.

It is made by debootstrap from where this machine has its own packages, kept as an
archive in the build tree, and booted by systemd-nspawn without a network.
"""

import os
import shutil
import subprocess
import tarfile

BOOT_SECONDS = 400
WITH = "systemd,systemd-sysv,dbus,sudo,adduser,ca-certificates"


def release():
    with open("/etc/os-release", encoding="utf-8") as f:
        facts = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
    return facts["VERSION_CODENAME"].strip('"')


def mirror(codename):
    """Where this machine's own packages come from."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT)",
                          "Identifier: Packages"], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        site, *rest = line.split()
        if rest == [codename, "main"]:
            return site
    raise RuntimeError("apt knows no source of %s main" % codename)


def why_not():
    """Why no such machine can be made here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("debootstrap", "systemd-nspawn"):
        if not shutil.which(program):
            return program + " is missing"
    if subprocess.run(["unshare", "-mpf", "true"], check=False, capture_output=True).returncode:
        return "no right to make namespaces"
    return None


class Machine:
    def __init__(self, folder, cache):
        self.root = os.path.join(folder, "root")
        archive = os.path.join(cache, "debian-%s.tar" % release())
        if not os.path.exists(archive):
            self.bootstrap(archive)
        else:
            os.mkdir(self.root)
            with tarfile.open(archive) as tar:
                tar.extractall(self.root, filter="fully_trusted")

    def bootstrap(self, archive):
        codename = release()
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=" + WITH, codename,
                               self.root, mirror(codename)], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError("debootstrap: " + done.stdout[-2000:] + done.stderr[-2000:])
        with tarfile.open(archive + ".new", "w") as tar:
            tar.add(self.root, ".")
        os.rename(archive + ".new", archive)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, *command):
        """A command in the folder, with this machine's network and no services."""
        shutil.copy("/etc/resolv.conf", self.path("etc/resolv.conf"))
        done = subprocess.run(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory=" + self.root,
             "--setenv=DEBIAN_FRONTEND=noninteractive", "--setenv=LC_ALL=C.UTF-8", "--pipe",
             *command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            timeout=BOOT_SECONDS)
        if done.returncode != 0:
            raise RuntimeError("%s: %d\n%s%s" % (command, done.returncode, done.stdout,
                                                 done.stderr))
        return done.stdout

    def boot(self, script):
        """Starts the machine, lets it run a script of bash as a service of its own, and stops
        it: whether the script succeeded, and all that it said."""
        self.write("root/script", script, 0o755)
        self.write("etc/systemd/system/script.service", """[Unit]
After=multi-user.target
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
ExecStart=/bin/bash /root/script
WorkingDirectory=/root
Environment=HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
StandardOutput=file:/root/said
StandardError=file:/root/said
""")
        wants = self.path("etc/systemd/system/default.target.wants")
        os.makedirs(wants, exist_ok=True)
        link = os.path.join(wants, "script.service")
        if not os.path.lexists(link):
            os.symlink("/etc/systemd/system/script.service", link)
        for name in ("root/said", "root/done"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        console = subprocess.run(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
             "--boot", "--directory=" + self.root], capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=BOOT_SECONDS)
        if not os.path.exists(self.path("root/said")):
            raise RuntimeError("it did not boot: " + console.stdout[-3000:] + console.stderr)
        return os.path.exists(self.path("root/done")), self.read("root/said")
