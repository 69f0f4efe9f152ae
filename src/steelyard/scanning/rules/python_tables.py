# SPDX-License-Identifier: Apache-2.0
"""Names of Python functions by what they do, for the rules on Python source.

A call on a result is written with ``()``: ``socket.socket().connect``. A name that ends in ``.*``
stands for every function of that module. The lists tell kinds of effects apart; how grave an effect
is depends on where it stands and what it is handed, which :mod:`python_effects` judges.
"""

from __future__ import annotations

import re

RUN_TEXT = frozenset({
    "builtins.exec", "builtins.eval", "builtins.execfile",
    "code.InteractiveInterpreter().runcode", "code.InteractiveInterpreter().runsource",
    "code.InteractiveConsole().push", "cProfile.run", "cProfile.runctx", "profile.run",
    "profile.runctx", "pdb.run", "pdb.runeval", "bdb.Bdb().run", "timeit.timeit",
    "timeit.repeat", "timeit.Timer", "trace.Trace().run", "runpy.run_path", "runpy.run_module",
    "types.FunctionType", "six.exec_", "numexpr.evaluate", "pandas.eval",
    "_xxsubinterpreters.run_string", "_testcapi.run_in_subinterp", "doctest.debug_script",
    "ast.literal_eval.__globals__", "idlelib.run.Executive().runcode",
})  # fmt: skip
"""Functions that run Python given as text or code."""
RUN_PLAIN = frozenset({"builtins.exec", "builtins.eval", "builtins.execfile", "six.exec_"})
"""Those of :data:`RUN_TEXT` that are a matter for a person even when handed something unknown."""

_SPAWN = tuple(f"spawn{x}" for x in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe"))
_EXEC = tuple(f"exec{x}" for x in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe"))
SHELL = frozenset({
    "os.system", "os.popen", "posix.system", "nt.system", "posix.popen", "subprocess.getoutput",
    "subprocess.getstatusoutput", "commands.getoutput", "commands.getstatusoutput",
    "popen2.popen2", "popen2.popen3", "popen2.popen4", "os.popen2", "os.popen3", "os.popen4",
    "platform.popen", "asyncio.create_subprocess_shell", "IPython.get_ipython().system",
    "IPython.get_ipython().getoutput",
})  # fmt: skip
"""Functions that hand a line to the shell."""
PROCESS = SHELL | frozenset({
    "subprocess.Popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
    "subprocess.check_output", "os.startfile", "os.posix_spawn", "os.posix_spawnp", "pty.spawn",
    "asyncio.create_subprocess_exec", "_posixsubprocess.fork_exec", "distutils.spawn.spawn",
    "pexpect.spawn", "pexpect.run", "_winapi.CreateProcess", "_posixsubprocess.cloexec_pass",
    "pip.main", "pip._internal.main", "pip._internal.cli.main.main", "multiprocessing.util.spawnv_passfds",  # noqa: E501
    *(f"os.{x}" for x in (*_SPAWN, *_EXEC)), *(f"posix.{x}" for x in (*_SPAWN, *_EXEC)),
})  # fmt: skip
"""Functions that start a program."""

LOADERS: dict[str, str] = {
    **dict.fromkeys(
        ("pickle.load", "pickle.loads", "pickle.Unpickler().load", "cPickle.load", "cPickle.loads",
         "_pickle.load", "_pickle.loads", "dill.load", "dill.loads", "cloudpickle.load",
         "cloudpickle.loads", "joblib.load", "pandas.read_pickle", "shelve.open",
         "jsonpickle.decode", "sklearn.externals.joblib.load", "torch.serialization.load_dill",
         "skops.io._sklearn.load"), "a pickle"),
    "yaml.unsafe_load": "YAML that may build any object", "yaml.unsafe_load_all": "such YAML",
    "marshal.load": "compiled code", "marshal.loads": "compiled code",
}  # fmt: skip
"""Functions that run what a data file says."""
NATIVE = frozenset({
    "ctypes.CDLL", "ctypes.PyDLL", "ctypes.WinDLL", "ctypes.OleDLL", "ctypes.cdll.LoadLibrary",
    "ctypes.windll.LoadLibrary", "cffi.FFI().dlopen", "torch.ops.load_library",
    "torch.classes.load_library", "numpy.ctypeslib.load_library",
    "ctypes.LibraryLoader().LoadLibrary", "torch.utils.cpp_extension.load",
    "torch.utils.cpp_extension.load_inline", "tensorflow.load_op_library",
    "tensorflow.load_library", "_imp.create_dynamic", "imp.load_dynamic",
    "importlib.machinery.ExtensionFileLoader().load_module",
})  # fmt: skip
"""Functions that load or compile machine code."""

NETWORK = re.compile(
    r"\A(?:requests(?:\.[Ss]ession\(\)|\.api|\.sessions\.Session\(\))?\."
    r"(?:get|post|put|patch|delete|head|options|request)"
    r"|httpx(?:\.(?:Async)?Client\(\))?\.(?:get|post|put|patch|delete|head|options|request|stream)"
    r"|aiohttp\.ClientSession\(\)\.(?:get|post|put|patch|delete|request)"
    r"|urllib3?(?:\.request)?\.(?:urlopen|urlretrieve|URLopener\(\)\.(?:open|retrieve)"
    r"|build_opener\(\)\.open|PoolManager\(\)\.(?:request|urlopen))|urllib2\.urlopen"
    r"|six\.moves\.urllib\.request\.(?:urlopen|urlretrieve)"
    r"|http\.client\.HTTPS?Connection\(\)\.(?:request|putrequest|send)"
    r"|socket\.(?:socket\(\)\.(?:connect|connect_ex|send|sendall|sendto)|create_connection(?:\(\)\.\w+)?"
    r"|gethostbyname(?:_ex)?|getaddrinfo)|ssl\.\w+\(\)\.wrap_socket\(\)\.(?:send|sendall|connect)"
    r"|smtplib\.SMTP(?:_SSL)?\(\)\.(?:sendmail|send_message)|ftplib\.FTP(?:_TLS)?\(\)\.\w+"
    r"|websocket\.create_connection|websockets\.connect|telnetlib\.Telnet|wget\.download"
    r"|paramiko\.SSHClient\(\)\.connect|dns\.resolver\.(?:resolve|query)"
    r"|xmlrpc\.client\.ServerProxy|webbrowser\.open(?:_new(?:_tab)?)?)\Z"
)
"""Functions that talk to another machine."""
SENDS = re.compile(
    r"(?:post|put|patch|request|send|sendall|sendto|sendmail|send_message|urlopen|get|stream"
    r"|gethostbyname|getaddrinfo|resolve|query|storbinary|storlines|urlretrieve|open)\Z"
)
"""Those whose arguments leave the machine."""
RECEIVES = re.compile(r"(?:recv|recv_into|recvfrom|makefile\(\)\.(?:read|readline))\Z")

WRITES = frozenset({
    "pathlib.Path().write_text", "pathlib.Path().write_bytes", "shutil.copy", "shutil.copyfile",
    "shutil.copy2", "shutil.move", "os.rename", "os.replace", "os.symlink", "os.link",
})  # fmt: skip
PASSING = re.compile(
    r"\A(?:json\.dumps|builtins\.(?:str|bytes|bytearray|dict|list|tuple|repr|sorted|set|zip|iter|map"
    r"|reversed|ascii|format|filter|enumerate|next|memoryview)"
    r"|base64\.\w*encode|zlib\.compress|gzip\.compress|binascii\.\w+|urllib\.parse\.(?:urlencode|quote"
    r"|quote_plus)|pickle\.dumps|copy\.(?:copy|deepcopy)|pprint\.pformat|io\.(?:BytesIO|StringIO)"
    r"|os\.path\.(?:expanduser|join|expandvars|abspath|realpath)|pathlib\.Path|urllib\.request\.Request"
    r"|types\.(?:CodeType|FunctionType)|builtins\.compile|functools\.partial|io\.open|builtins\.open"
    r"|codecs\.\w+|os\.fspath|itertools\.\w+|ast\.parse|zipfile\.ZipFile|tarfile\.open|re\.sub)\Z"
)
"""Functions whose result carries what they were handed."""
CALLBACKS = frozenset({
    "builtins.map", "builtins.filter", "functools.partial", "functools.reduce",
    "atexit.register", "threading.Thread", "threading.Timer", "multiprocessing.Process",
    "builtins.sorted", "concurrent.futures.ThreadPoolExecutor().submit", "builtins.max",
    "builtins.min", "itertools.starmap", "signal.signal", "builtins.iter", "sys.setprofile",
    "sys.settrace", "asyncio.get_event_loop().call_soon",
    "asyncio.get_event_loop().run_in_executor", "sys.addaudithook", "weakref.finalize",
    "collections.defaultdict",
})  # fmt: skip
"""Functions that call what they are handed."""

SOURCES: dict[str, str] = {
    "os.environ": "environment", "os.environb": "environment", "posix.environ": "environment",
    "getpass.getuser": "host", "socket.gethostname": "host", "socket.getfqdn": "host",
    "os.getlogin": "host", "os.uname": "host", "platform.node": "host", "platform.uname": "host",
    "keyring.get_password": "credentials", "netrc.netrc": "credentials",
    "huggingface_hub.get_token": "token", "huggingface_hub.HfFolder.get_token": "token",
    "boto3.Session().get_credentials": "credentials", "browser_cookie3.chrome": "credentials",
    "browser_cookie3.load": "credentials",
    "sys.stdin": "input", "builtins.input": "input", "sys.argv": "input",
}  # fmt: skip
"""Where content comes from that must not leave, or that nobody knows."""
TOKEN_NAME = re.compile(
    r"(?i)(?:token|secret|passw|credential|api_?key|access_?key|private_?key)|\AAWS_|\AHF_TOKEN"
)
CREDENTIAL_PATH = re.compile(
    r"(?i)(?:\.ssh(?:/|\\|\Z)|id_rsa|id_ed25519|\.aws(?:/|\\|\Z)|\.kube/config|\.docker/config\.json"
    r"|\.netrc|\.git-credentials|/etc/(?:passwd|shadow|sudoers)|\.gnupg|\.config/gcloud"
    r"|\.azure/|\.npmrc|\.pypirc|huggingface/(?:token|stored_tokens)|/proc/self/environ"
    r"|Login Data|cookies\.sqlite|wallet\.dat|Local Storage.leveldb|\.bash_history|\.env\Z)"
)
PERSISTENCE_PATH = re.compile(
    r"(?i)(?:\.bashrc|\.bash_profile|\.zshrc|/?\.profile\Z|/etc/(?:cron|profile|rc\.local|init\.d"
    r"|systemd|ld\.so\.preload|sudoers|passwd|shadow)|/var/spool/cron|authorized_keys"
    r"|LaunchAgents|LaunchDaemons|\.config/(?:systemd/user|autostart)|Start Menu.{1,4}Programs"
    r".{1,4}Startup|sitecustomize\.py|usercustomize\.py|site-packages[/\\][^\"' ]*\.pth\Z"
    r"|CurrentVersion\\\\?Run\b)"
)
HOSTILE_COMMAND = re.compile(
    r"(?i)/dev/(?:tcp|udp)/|\b(?:curl|wget|fetch)\b[^|;&\n]{1,200}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b"
    r"|\b(?:curl|wget)\b[^|;&\n]{1,200}\|\s*(?:sudo\s+)?(?:python|perl|ruby|node)\b"
    r"|\bn(?:c|cat|etcat)\b[^\n]{0,80}\s-[a-z]*e[a-z]*\b|\bmkfifo\b[^\n]{0,200}\bnc\b"
    r"|\b(?:ba|z)?sh\s+-i\b[^\n]{0,40}(?:>&|&>|0>)"
    r"|\bbase64\s+(?:-d|-D|--decode)\b[^\n]{0,80}\|\s*(?:ba|z)?sh\b|powershell[^\n]{0,200}-e(?:nc\w*)?\s+[A-Za-z0-9+/=]{20}"
    r"|powershell[^\n]{0,200}(?:DownloadString|DownloadFile|Invoke-WebRequest|IEX)"
    r"|(?:>>?|tee(?:\s+-a)?)\s*\S{0,60}(?:authorized_keys|\.bashrc|\.profile|/etc/cron|/etc/passwd|ld\.so\.preload)"
    r"|\|\s*crontab\b|\brm\s+-[a-z]*[rf][a-z]*\s+(?:--no-preserve-root\s+)?(?:/|~|\$HOME)(?:\s|\*|\Z)"
    r"|\b(?:curl|wget)\b[^\n]{0,200}(?:&&|;)\s*(?:chmod\s+\+?[0-7x]+\b|(?:ba)?sh\s|\./)"
    r"|\b(?:curl|wget|nc)\b[^\n]{0,200}(?:-d|--data\S*|-F|<)\s*\"?[@<$(`]{0,3}\s*(?:cat\s+)?\S*(?:/etc/passwd|\.ssh/|\.aws/|env\b)"
    r"|\bcertutil\b[^\n]{0,80}-urlcache|\bbitsadmin\b[^\n]{0,80}/transfer|\bmshta\s+http"
    r"|\breg\s+add\b[^\n]{0,120}\\Run\b|\bschtasks\b[^\n]{0,40}/create"
)
"""Command lines no model needs: reverse shells, downloads that are run, persistence, deletion."""
PROBES = frozenset({
    "git", "hg", "svn", "nvcc", "nvidia-smi", "rocm-smi", "rocminfo", "hipcc", "hipconfig",
    "ldconfig", "uname", "gcc", "g++", "cc", "clang", "clang++", "cl", "ld", "objdump", "otool",
    "sysctl", "lscpu", "which", "where", "where.exe", "pkg-config", "xcrun", "sw_vers",
    "lsb_release", "clear", "cls", "tput", "stty", "lspci", "readelf", "vswhere.exe", "ffmpeg",
    "ffprobe", "sox", "espeak", "espeak-ng", "nm", "getconf", "locale", "ldd", "file", "java",
    "javac", "node", "llvm-config", "pg_config", "mpicc", "ninja", "cmake", "make", "ps", "df",
    "free", "hostname", "arch", "dpkg", "rpm", "xcode-select", "kpsewhich", "tty", "chcp",
    "ver", "color", "amdgpu-arch", "dot",
})  # fmt: skip
"""Programs that only tell or build something; starting one by a constant name is ordinary."""

KNOWN_MODULES = frozenset({
    "os", "subprocess", "posix", "nt", "pty", "builtins", "__builtin__", "commands", "shutil",
    "socket", "pickle", "marshal", "importlib", "requests", "ctypes", "sys", "runpy", "base64",
    "zlib", "codecs",
})  # fmt: skip
"""Modules whose ``import *`` is followed."""
