-- Why a board does not start, or what it lacks while it runs: a code, its facts, and what to do, in the three languages of the
-- country. The exit code says whether a restart may help: 78 needs a person first (kassa-board.service does not restart it), the
-- others may pass.
local needsPerson, mayPass = 78, 74

local refusals = {
  PACKAGE_MISSING = { needsPerson, {
    kk = { "Пакет орнатылмаған.", "apt install lua5.4 lua-luv lua-luaossl" },
    ru = { "Не установлен пакет.", "apt install lua5.4 lua-luv lua-luaossl" },
    en = { "A package is not installed.", "apt install lua5.4 lua-luv lua-luaossl" },
  } },
  BOARD_CONFIG = { needsPerson, {
    kk = { "Баптау файлы дұрыс емес.", "Файлды түзетіп, қайта іске қосыңыз." },
    ru = { "Файл настройки неверен.", "Исправьте файл и запустите снова." },
    en = { "The configuration is wrong.", "Mend the file and start again." },
  } },
  BOARD_RUNS = { mayPass, {
    kk = { "Осы қалтада тақта жұмыс істеп тұр.", "Біріншісін тоқтатыңыз немесе басқа home көрсетіңіз." },
    ru = { "В этой папке плата уже работает.", "Остановите первую или укажите другой home." },
    en = { "A board already runs in this folder.", "Stop the first one, or name another home." },
  } },
  NOT_LOCKED = { needsPerson, {
    kk = { "Тақта қалтаның құлпынсыз іске қосылды.", "Оны kassa-board арқылы іске қосыңыз." },
    ru = { "Плата запущена без замка своей папки.", "Запускайте её через kassa-board." },
    en = { "The board was started without the lock of its home.", "Start it by kassa-board." },
  } },
  SERIAL_WRITTEN = { needsPerson, {
    kk = { "Зауыттық нөмір бір рет жазылады және өзгертілмейді.", "Баптауға жазылған нөмірді қайтарыңыз." },
    ru = { "Заводской номер записан один раз и не меняется.", "Верните в настройку записанный номер." },
    en = { "The factory number is written once and does not change.", "Put the written number back into the configuration." },
  } },
  IMAGE_FILE = { needsPerson, {
    kk = { "Микробағдарлама бейнесі оқылмайды.", "npm run build орындап, файлды қайта көшіріңіз." },
    ru = { "Образ прошивки не читается.", "Выполните npm run build и скопируйте файл снова." },
    en = { "The firmware image cannot be read.", "Run npm run build and copy the file again." },
  } },
  FLASH_SIZE = { needsPerson, {
    kk = { "Жад файлының көлемі басқа.", "fiscalBytes мәнін қайтарыңыз; файлды өшірмеңіз." },
    ru = { "Файл памяти другого размера.", "Верните fiscalBytes; файл не удаляйте." },
    en = { "The flash file has another size.", "Put fiscalBytes back; do not delete the file." },
  } },
  FLASH_FILE = { mayPass, {
    kk = { "Жад файлы ашылмайды.", "Дискіні және файлдың иесін тексеріңіз." },
    ru = { "Файл памяти не открывается.", "Проверьте диск и владельца файла." },
    en = { "The flash file cannot be opened.", "Check the disk and the owner of the file." },
  } },
  ELEMENT_FILE = { needsPerson, {
    kk = { "Кілттер файлы бүлінген.", "Тіркеуді тоқтатып, қызмет көрсету орталығына жүгініңіз." },
    ru = { "Файл ключей повреждён.", "Прекратите продажи и обратитесь в сервис." },
    en = { "The file of the keys is damaged.", "Stop selling and call the service." },
  } },
  TTY_ABSENT = { nil, {
    kk = { "Хостпен байланыс желісі жоқ.", "Кабельді және tty атын тексеріңіз; тақта өзі қайта ашады." },
    ru = { "Линии к хосту нет.", "Проверьте кабель и имя tty; плата откроет её сама." },
    en = { "The line to the host is away.", "Check the cable and the name of the tty; the board opens it again by itself." },
  } },
  PRINTER_ABSENT = { nil, {
    kk = { "Принтермен байланыс жоқ.", "Қуатын, кабелін және printer.port мәнін тексеріңіз; чек қайта басылады." },
    ru = { "Принтера нет на связи.", "Проверьте питание, кабель и printer.port; чек будет напечатан снова." },
    en = { "The printer is away.", "Check its power, its cable and printer.port; the paper is printed again." },
  } },
  DISK_FULL = { mayPass, {
    kk = { "Дискіде орын жоқ.", "Орын босатыңыз; тақта өзі қайта іске қосылады." },
    ru = { "На диске нет места.", "Освободите место; плата запустится сама." },
    en = { "The disk is full.", "Make room; the board starts again by itself." },
  } },
}

local function factsInWords(facts)
  local words = {}
  for name, value in pairs(facts) do words[#words + 1] = name .. "=" .. tostring(value) end
  table.sort(words)
  return table.concat(words, " ")
end

local function say(code, facts)
  local texts = refusals[code][2]
  io.stderr:write("kassa-board: ", code, " ", factsInWords(facts), "\n")
  for _, language in ipairs { "kk", "ru", "en" } do
    io.stderr:write("  ", language, ": ", texts[language][1], " ", texts[language][2], "\n")
  end
end

-- `say` says it on the standard error; `refuse` ends the process, too.
return {
  say = say,
  refuse = function(code, facts)
    say(code, facts)
    os.exit(refusals[code][1])
  end,
}
